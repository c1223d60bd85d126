// Reads the request's body whole, and tells the client its length.
package main

import (
	"strconv"

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
	size, length int
}

func (h *httpContext) OnHttpRequestBody(bodySize int, endOfStream bool) types.Action {
	h.size += bodySize
	if !endOfStream {
		return types.ActionPause
	}
	body, err := proxywasm.GetHttpRequestBody(0, h.size)
	if err != nil {
		proxywasm.LogErrorf("cannot read the body: %v", err)
	}
	h.length = len(body)
	return types.ActionContinue
}

func (h *httpContext) OnHttpResponseHeaders(numHeaders int, endOfStream bool) types.Action {
	if err := proxywasm.ReplaceHttpResponseHeader("x-body-length", strconv.Itoa(h.length)); err != nil {
		proxywasm.LogErrorf("cannot set x-body-length: %v", err)
	}
	return types.ActionContinue
}
