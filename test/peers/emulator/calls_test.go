package emulator

import (
	"fmt"
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func TestHttpAuthRandom(t *testing.T) {
	h := start(t, "http-auth-random")

	id, action := h.request([2]string{"key", "value"})
	equal(t, "the request's action", action, types.ActionPause)
	calls := h.GetCalloutAttributesFromContext(id)
	equal(t, "the calls", len(calls), 1)
	equal(t, "the cluster", calls[0].Upstream, "httpbin")
	equal(t, "the action until the answer", h.GetCurrentHttpStreamAction(id), types.ActionPause)
	h.logged("info", "http call dispatched to httpbin", "request header: key: value")

	headers := [][2]string{{":status", "200"}, {"content-type", "application/json"}, {"server", "gunicorn/19.9.0"}}
	for _, test := range []struct {
		uuid   string
		status uint32
	}{
		{"7b10a67a-1c67-4199-835b-cbefcd4a63d4", 0},
		{"aaaaaaaa-1c67-4199-835b-cbefcd4a63d4", 403},
	} {
		t.Run(test.uuid, func(t *testing.T) {
			id, action := h.request()
			equal(t, "the request's action", action, types.ActionPause)
			calls := h.GetCalloutAttributesFromContext(id)
			equal(t, "the calls", len(calls), 1)
			body := []byte(fmt.Sprintf(`{"uuid": "%s"}`, test.uuid))
			h.CallOnHttpCallResponse(calls[0].CalloutID, headers, nil, body)
			h.logged("info", "response header from httpbin: server: gunicorn/19.9.0")
			if test.status == 0 {
				h.logged("info", "access granted")
				equal(t, "the action", h.GetCurrentHttpStreamAction(id), types.ActionContinue)
				if h.GetSentLocalResponse(id) != nil {
					t.Error("there is a local reply")
				}
				return
			}
			h.logged("info", "access forbidden")
			reply := h.reply(id, test.status)
			equal(t, "the body", string(reply.Data), "access forbidden")
			equal(t, "the headers", fmt.Sprint(reply.Headers), "[[powered-by proxy-wasm-go-sdk!!]]")
		})
	}
}

func TestMultipleDispatches(t *testing.T) {
	h := start(t, "multiple-dispatches")
	id := h.InitializeHttpContext()
	action := h.CallOnResponseHeaders(id, [][2]string{{"key", "value"}}, false)
	equal(t, "the response's action", action, types.ActionPause)
	calls := h.GetCalloutAttributesFromContext(id)
	equal(t, "the calls", len(calls), 10)
	for i, call := range calls {
		equal(t, "the action until the last answer", h.GetCurrentHttpStreamAction(id), types.ActionPause)
		h.CallOnHttpCallResponse(call.CalloutID, nil, nil, nil)
		if i < 9 {
			h.logged("info", fmt.Sprintf("pending dispatched requests: %d", 9-i))
		}
	}
	equal(t, "the action", h.GetCurrentHttpStreamAction(id), types.ActionContinue)
	h.logged("info", "response resumed after processed 10 dispatched request")
	equal(t, "the headers", fmt.Sprint(h.GetCurrentResponseHeaders(id)), "[[key value] [total-dispatched 10]]")
}
