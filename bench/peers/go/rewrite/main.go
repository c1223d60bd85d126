// Puts the outside's address in the place of the inside's, wherever a page names it.
package main

import (
	"bytes"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

var (
	inside  = []byte("http://internal.example")
	outside = []byte("https://www.example.com")
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

func (*httpContext) OnHttpResponseHeaders(numHeaders int, endOfStream bool) types.Action {
	if endOfStream {
		return types.ActionContinue
	}
	if err := proxywasm.RemoveHttpResponseHeader("content-length"); err != nil {
		proxywasm.LogErrorf("cannot remove content-length: %v", err)
	}
	return types.ActionContinue
}

func (h *httpContext) OnHttpResponseBody(bodySize int, endOfStream bool) types.Action {
	h.size += bodySize
	if !endOfStream {
		return types.ActionPause
	}
	page, err := proxywasm.GetHttpResponseBody(0, h.size)
	if err != nil {
		proxywasm.LogErrorf("cannot read the body: %v", err)
		return types.ActionContinue
	}
	if err := proxywasm.ReplaceHttpResponseBody(bytes.ReplaceAll(page, inside, outside)); err != nil {
		proxywasm.LogErrorf("cannot set the body: %v", err)
	}
	return types.ActionContinue
}
