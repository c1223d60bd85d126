package emulator

import (
	"fmt"
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func TestHelloworld(t *testing.T) {
	h := start(t, "helloworld")
	h.logged("info", "OnPluginStart from Go!")
	equal(t, "the period", h.GetTickPeriod(), 1000)
	h.Tick()
	h.logged("info", "OnTick called")
}

func TestDispatchCallOnTick(t *testing.T) {
	h := start(t, "dispatch-call-on-tick")
	equal(t, "the period", h.GetTickPeriod(), 100)
	for i := 1; i < 10; i++ {
		h.Tick()
		calls := h.GetCalloutAttributesFromContext(proxytest.PluginContextID)
		equal(t, "the calls", len(calls), i)
		// Each call has the same id, since the one before has been answered. No headers: in Envoy, the call has failed.
		h.CallOnHttpCallResponse(calls[0].CalloutID, nil, nil, nil)
		h.logged("info", fmt.Sprintf("called %d for contextID=%d", i, proxytest.PluginContextID))
	}
}

func TestForeignCallOnTick(t *testing.T) {
	h := start(t, "foreign-call-on-tick")
	equal(t, "the period", h.GetTickPeriod(), 1)
	h.RegisterForeignFunction("compress", func(argument []byte) []byte { return argument })
	for i := 1; i < 10; i++ {
		h.Tick()
		h.logged("info", fmt.Sprintf("foreign function (compress) called: %d, result: %x", i, "hello world!"))
	}
}

func TestPostponeRequests(t *testing.T) {
	h := start(t, "postpone-requests")
	equal(t, "the period", h.GetTickPeriod(), 1000)
	id, action := h.request()
	equal(t, "the request's action", action, types.ActionPause)
	h.Tick()
	equal(t, "the action after the tick", h.GetCurrentHttpStreamAction(id), types.ActionContinue)
}
