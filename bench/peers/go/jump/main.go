// The jump filter of src/filter: makes the same request to another cluster, logs what came back, and lets the request go on.
package main

import (
	"strings"
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}
func init() {
	proxywasm.SetPluginContext(func(contextID uint32) types.PluginContext {
		return &pluginContext{}
	})
}

type pluginContext struct {
	types.DefaultPluginContext
	config *config
}

func (p *pluginContext) OnPluginStart(pluginConfigurationSize int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogCriticalf("cannot read the plugin configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.config, err = readConfig(data)
	if err != nil {
		proxywasm.LogCriticalf("the plugin configuration is refused: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *pluginContext) NewHttpContext(contextID uint32) types.HttpContext {
	return &httpContext{config: p.config}
}

type httpContext struct {
	types.DefaultHttpContext
	config       *config
	method, path string
	started      time.Time
}

func (h *httpContext) OnHttpRequestHeaders(numHeaders int, endOfStream bool) types.Action {
	path, err := proxywasm.GetHttpRequestHeader(":path")
	if err != nil || !strings.HasPrefix(path, h.config.Match) {
		return types.ActionContinue
	}
	received, err := proxywasm.GetHttpRequestHeaders()
	if err != nil {
		proxywasm.LogErrorf("cannot read the request headers: %v", err)
		return types.ActionContinue
	}
	h.path = path
	if h.config.Path != "" {
		h.path = h.config.Path
	}
	h.method = h.config.Method
	headers := make([][2]string, 3, 3+len(received))
	for _, header := range received {
		if header[0] == ":method" && h.method == "" {
			h.method = header[1]
		} else if h.config.forwards(header[0]) {
			headers = append(headers, header)
		}
	}
	headers[0] = [2]string{":method", h.method}
	headers[1] = [2]string{":path", h.path}
	headers[2] = [2]string{":authority", h.config.Authority}

	h.started = time.Now()
	_, err = proxywasm.DispatchHttpCall(h.config.Cluster, headers, nil, nil, h.config.TimeoutMs, h.onAnswer)
	if err != nil {
		proxywasm.LogErrorf("called %s: %s %s -> failed: %v", h.config.Cluster, h.method, h.path, err)
		return types.ActionContinue
	}
	return types.ActionPause
}

func (h *httpContext) onAnswer(numHeaders, bodySize, numTrailers int) {
	status := callStatus()
	ms := time.Since(h.started).Milliseconds()
	switch {
	case status == "":
		proxywasm.LogWarnf("called %s: %s %s -> failed: no answer in %d ms", h.config.Cluster, h.method, h.path, ms)
	case len(status) == 3 && status[0] == '2':
		proxywasm.LogInfof("called %s: %s %s -> %s in %d ms", h.config.Cluster, h.method, h.path, status, ms)
	default:
		proxywasm.LogWarnf("called %s: %s %s -> %s (not 2xx) in %d ms", h.config.Cluster, h.method, h.path, status, ms)
	}
	if err := proxywasm.ResumeHttpRequest(); err != nil {
		proxywasm.LogErrorf("cannot resume the request: %v", err)
	}
}

// callStatus is empty when the call failed.
func callStatus() string {
	headers, err := proxywasm.GetHttpCallResponseHeaders()
	if err != nil {
		return ""
	}
	for _, header := range headers {
		if header[0] == ":status" {
			return header[1]
		}
	}
	return ""
}
