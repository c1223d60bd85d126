// Asks back-python before each request goes on.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const cluster = "back-python"

func main() {}
func init() {
	proxywasm.SetHttpContext(func(contextID uint32) types.HttpContext {
		return &httpContext{}
	})
}

type httpContext struct {
	types.DefaultHttpContext
}

func (*httpContext) OnHttpRequestHeaders(numHeaders int, endOfStream bool) types.Action {
	path, err := proxywasm.GetHttpRequestHeader(":path")
	if err != nil {
		proxywasm.LogErrorf("cannot read :path: %v", err)
		return types.ActionContinue
	}
	headers := [][2]string{{":method", "GET"}, {":path", path}, {":authority", cluster}}
	if _, err := proxywasm.DispatchHttpCall(cluster, headers, nil, nil, 5000, onAnswer); err != nil {
		proxywasm.LogErrorf("cannot call %s: %v", cluster, err)
		return types.ActionContinue
	}
	return types.ActionPause
}

func onAnswer(numHeaders, bodySize, numTrailers int) {
	proxywasm.LogInfof("%s answered %s", cluster, status())
	if err := proxywasm.ResumeHttpRequest(); err != nil {
		proxywasm.LogErrorf("cannot resume the request: %v", err)
	}
}

func status() string {
	headers, err := proxywasm.GetHttpCallResponseHeaders()
	if err != nil {
		return "nothing"
	}
	for _, header := range headers {
		if header[0] == ":status" {
			return header[1]
		}
	}
	return "nothing"
}
