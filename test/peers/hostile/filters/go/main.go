// Does what a request's header asks for: "x-attack: PLACE/NAME", with x-input as what came from outside.
package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const cluster = "other"

var (
	served int    // streams of this VM
	armed  string // what the next tick does
)

func main() {}
func init() {
	proxywasm.SetPluginContext(func(contextID uint32) types.PluginContext {
		return &pluginContext{}
	})
}

type pluginContext struct {
	types.DefaultPluginContext
}

func (*pluginContext) OnPluginStart(pluginConfigurationSize int) types.OnPluginStartStatus {
	configuration, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogCriticalf("cannot read the configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	if len(configuration) > 0 {
		run("configure", string(configuration), "")
	}
	if err := proxywasm.SetTickPeriodMilliSeconds(100); err != nil {
		proxywasm.LogCriticalf("cannot set the tick's period: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (*pluginContext) OnTick() {
	if armed != "" {
		name := armed
		armed = ""
		run("timer", name, "")
	}
}

func (*pluginContext) NewHttpContext(contextID uint32) types.HttpContext {
	return &httpContext{}
}

type httpContext struct {
	types.DefaultHttpContext
	place, name, input string
	size               int
}

// Says so before and after: a test that sees neither has proved nothing.
func run(place, name, input string) {
	proxywasm.LogInfof("runs %s/%s", place, name)
	outcome := attack(name, input)
	proxywasm.LogInfof("ended %s/%s: %s", place, name, outcome)
}

func (h *httpContext) runAt(place string) {
	if h.place == place {
		run(place, h.name, h.input)
	}
}

func (h *httpContext) call(cluster, path string) error {
	headers := [][2]string{{":method", "GET"}, {":path", path}, {":authority", "other"}}
	_, err := proxywasm.DispatchHttpCall(cluster, headers, nil, nil, 5000, h.onAnswer)
	return err
}

func (h *httpContext) OnHttpRequestHeaders(numHeaders int, endOfStream bool) types.Action {
	served++
	asked, _ := proxywasm.GetHttpRequestHeader("x-attack")
	h.place, h.name, _ = strings.Cut(asked, "/")
	h.input, _ = proxywasm.GetHttpRequestHeader("x-input")
	switch h.place {
	case "request":
		proxywasm.LogInfof("runs %s", asked)
		outcome, ok := h.requestAttack()
		if !ok {
			outcome = attack(h.name, h.input)
		}
		proxywasm.LogInfof("ended %s: %s", asked, outcome)
	case "timer":
		armed = h.name
	case "call":
		path := "/slow"
		if h.name == "panic" {
			path = "/"
		}
		if err := h.call(cluster, path); err != nil {
			proxywasm.LogErrorf("cannot call: %v", err)
		} else if h.name != "late" && h.name != "ended" {
			return types.ActionPause
		}
	}
	return types.ActionContinue
}

// What needs the stream's own functions.
func (h *httpContext) requestAttack() (outcome string, ok bool) {
	switch h.name {
	case "utf8", "utf8-bytes":
		value, err := proxywasm.GetHttpRequestHeader("x-bytes")
		return fmt.Sprintf("%d bytes, %v", len(value), err), true
	case "headers":
		headers, err := proxywasm.GetHttpRequestHeaders()
		size := 0
		for _, header := range headers {
			size += len(header[0]) + len(header[1])
		}
		return fmt.Sprintf("%d headers, %d bytes, %v", len(headers), size, err), true
	case "unknown-cluster":
		return fmt.Sprintf("%v", h.call("nowhere", "/")), true
	}
	return "", false
}

func (h *httpContext) OnHttpRequestBody(bodySize int, endOfStream bool) types.Action {
	if h.place != "body" {
		return types.ActionContinue
	}
	h.size += bodySize
	if !endOfStream {
		return types.ActionPause
	}
	proxywasm.LogInfof("runs body/%s", h.name)
	body, err := proxywasm.GetHttpRequestBody(0, h.size)
	outcome := fmt.Sprintf("%d bytes, %v", len(body), err)
	if h.name == "json" {
		var value any
		outcome = fmt.Sprintf("%v", json.Unmarshal(body, &value))
	}
	proxywasm.LogInfof("ended body/%s: %s", h.name, outcome)
	return types.ActionContinue
}

func (h *httpContext) OnHttpResponseHeaders(numHeaders int, endOfStream bool) types.Action {
	if h.place == "response" && h.name == "late" {
		proxywasm.LogInfo("runs response/late")
		err := proxywasm.ReplaceHttpRequestHeader("x-late", "yes")
		proxywasm.LogInfof("ended response/late: %v", err)
	} else {
		h.runAt("response")
	}
	if err := proxywasm.ReplaceHttpResponseHeader("x-served", strconv.Itoa(served)); err != nil {
		proxywasm.LogErrorf("cannot set x-served: %v", err)
	}
	return types.ActionContinue
}

// The log's callback of the ABI.
func (h *httpContext) OnHttpStreamDone() {
	h.runAt("log")
}

func (h *httpContext) onAnswer(numHeaders, bodySize, numTrailers int) {
	if h.name == "panic" {
		h.runAt("call")
	} else {
		proxywasm.LogInfof("runs call/%s", h.name)
		err := proxywasm.ReplaceHttpRequestHeader("x-called", "yes")
		proxywasm.LogInfof("ended call/%s: %v", h.name, err)
	}
	if err := proxywasm.ResumeHttpRequest(); err != nil {
		proxywasm.LogErrorf("cannot resume the request: %v", err)
	}
}
