// Parses the request's body, changes one field, and writes it back.
package main

import (
	"encoding/json"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}
func init() {
	proxywasm.SetHttpContext(func(contextID uint32) types.HttpContext {
		return &httpContext{}
	})
}

type httpContext struct {
	types.DefaultHttpContext
	size int
}

func (*httpContext) OnHttpRequestHeaders(numHeaders int, endOfStream bool) types.Action {
	if endOfStream {
		return types.ActionContinue
	}
	if err := proxywasm.RemoveHttpRequestHeader("content-length"); err != nil {
		proxywasm.LogErrorf("cannot remove content-length: %v", err)
	}
	return types.ActionContinue
}

func (h *httpContext) OnHttpRequestBody(bodySize int, endOfStream bool) types.Action {
	h.size += bodySize
	if !endOfStream {
		return types.ActionPause
	}
	if err := check(h.size); err != nil {
		proxywasm.LogErrorf("cannot change the body: %v", err)
	}
	return types.ActionContinue
}

func check(size int) error {
	body, err := proxywasm.GetHttpRequestBody(0, size)
	if err != nil {
		return err
	}
	var order map[string]any
	if err := json.Unmarshal(body, &order); err != nil {
		return err
	}
	order["status"] = "checked"
	changed, err := json.Marshal(order)
	if err != nil {
		return err
	}
	return proxywasm.ReplaceHttpRequestBody(changed)
}
