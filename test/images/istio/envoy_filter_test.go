package images

import (
	"encoding/json"
	"testing"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	httpwasm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/wasm/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"istio.io/istio/pkg/util/protomarshal"
	"istio.io/istio/pkg/wasm"
)

// An EnvoyFilter's EXTENSION_CONFIG on its way from istiod to Envoy: the agent fetches the module, and puts its file's name there.
func TestExtensionConfig(t *testing.T) {
	var config json.RawMessage
	readJSON(t, "EXTENSION_CONFIG", &config)
	extension := &core.TypedExtensionConfig{}
	if err := protomarshal.ApplyJSONStrict(string(config), extension); err != nil {
		t.Fatal(err)
	}
	resource, err := anypb.New(extension)
	if err != nil {
		t.Fatal(err)
	}
	resources := []*anypb.Any{resource}
	if err := wasm.MaybeConvertWasmExtensionConfig(resources, cacheOf(t, "")); err != nil {
		t.Fatal(err)
	}
	converted, filter := &core.TypedExtensionConfig{}, &httpwasm.Wasm{}
	if err := resources[0].UnmarshalTo(converted); err != nil {
		t.Fatal(err)
	}
	if err := converted.TypedConfig.UnmarshalTo(filter); err != nil {
		t.Fatalf("the agent has put another filter there: %v", err)
	}
	file := filter.GetConfig().GetVmConfig().GetCode().GetLocal().GetFilename()
	writeJSON(t, "EXTENSION_OUTCOME", fetchOutcome{Module: checksumOfFile(t, file)})
}
