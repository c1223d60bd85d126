package emulator

import (
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func TestMetrics(t *testing.T) {
	h := start(t, "metrics")
	id := h.InitializeHttpContext()
	for range 3 {
		action := h.CallOnRequestHeaders(id, [][2]string{{"my-custom-header", "foo"}}, false)
		equal(t, "the action", action, types.ActionContinue)
	}
	value, err := h.GetCounterMetric("custom_header_value_counts_value=foo_reporter=wasmgosdk")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the counter", value, 3)
}

func TestSharedData(t *testing.T) {
	h := start(t, "shared-data")
	id := h.InitializeHttpContext()
	for range 3 {
		equal(t, "the action", h.CallOnRequestHeaders(id, nil, false), types.ActionContinue)
	}
	h.logged("info", "shared value: 1", "shared value: 3")
}
