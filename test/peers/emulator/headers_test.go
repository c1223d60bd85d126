package emulator

import (
	"fmt"
	"slices"
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func TestHttpHeadersOfRequests(t *testing.T) {
	h := start(t, "http-headers")
	id, action := h.request([2]string{"key1", "value1"}, [2]string{"key2", "value2"})
	equal(t, "the action", action, types.ActionContinue)
	if !slices.Contains(h.GetCurrentRequestHeaders(id), [2]string{"test", "best"}) {
		t.Errorf("the header test: best is not there: %v", h.GetCurrentRequestHeaders(id))
	}
	h.CompleteHttpContext(id)
	h.logged("info", fmt.Sprintf("%d finished", id), "request header --> key1: value1", "request header --> key2: value2")
}

func TestHttpHeadersOfResponses(t *testing.T) {
	h := start(t, "http-headers", pluginConfiguration(`{"header": "x-wasm-header", "value": "x-value"}`))
	id := h.InitializeHttpContext()
	action := h.CallOnResponseHeaders(id, [][2]string{{"key1", "value1"}, {"key2", "value2"}}, false)
	equal(t, "the action", action, types.ActionContinue)
	h.CompleteHttpContext(id)
	expected := [][2]string{
		{"key1", "value1"}, {"key2", "value2"}, {"x-wasm-header", "x-value"}, {"x-proxy-wasm-go-sdk-example", "http_headers"},
	}
	for _, header := range expected {
		h.logged("info", fmt.Sprintf("response header <-- %s: %s", header[0], header[1]))
	}
	h.logged("info", fmt.Sprintf("%d finished", id))
}

func TestHttpRouting(t *testing.T) {
	for dice, expected := range map[byte]string{1: "my-host.com", 2: "my-host.com-canary"} {
		t.Run(expected, func(t *testing.T) {
			h := start(t, "http-routing", pluginConfiguration(string([]byte{dice})))
			id, action := h.request([2]string{":authority", "my-host.com"})
			equal(t, "the action", action, types.ActionContinue)
			equal(t, "the headers", fmt.Sprint(h.GetCurrentRequestHeaders(id)), "[[:authority "+expected+"]]")
		})
	}
}

func TestProperties(t *testing.T) {
	h := start(t, "properties")
	finish := func(id uint32) {
		h.CompleteHttpContext(id)
		h.logged("info", fmt.Sprintf("%d finished", id))
	}

	t.Run("a route that asks for nothing", func(t *testing.T) {
		id, action := h.request()
		equal(t, "the action", action, types.ActionContinue)
		h.logged("info", "no auth header for route")
		finish(id)
	})

	// The Go example reads it without "xds", where Envoy 1.40 no longer has it.
	path := []string{"xds", "route_metadata", "filter_metadata", "envoy.filters.http.wasm", "auth"}
	if err := h.SetProperty(path, []byte("cookie")); err != nil {
		t.Fatal(err)
	}

	t.Run("a request with the header", func(t *testing.T) {
		id, action := h.request([2]string{"cookie", "value"})
		equal(t, "the action", action, types.ActionContinue)
		h.logged("info", `auth header is "cookie"`)
		finish(id)
	})

	t.Run("a request without it", func(t *testing.T) {
		id, action := h.request()
		equal(t, "the action", action, types.ActionPause)
		reply := h.reply(id, 401)
		equal(t, "the body", string(reply.Data), "")
		equal(t, "the gRPC status", reply.GRPCStatus, 16)
		finish(id)
	})
}

func TestVmPluginConfiguration(t *testing.T) {
	h := start(t, "vm-plugin-configuration", pluginConfiguration("the plugin's"), func(option *proxytest.EmulatorOption) {
		option.WithVMConfiguration([]byte("the VM's"))
	})
	h.logged("info", "vm config: the VM's", "plugin config: the plugin's")
}
