// Package emulator runs the modules of ../filters/go in the Go SDK's own host, with the expectations that the Go SDK's
// examples have.
package emulator

import (
	"bytes"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// host is the emulator with one module.
type host struct {
	proxytest.HostEmulator
	t       *testing.T
	printed *bytes.Buffer
}

// start loads a module, and starts its VM and its plugin. Envoy always does both before the first stream; some of the Go
// SDK's tests do not, since a filter in Go has its zero values even then.
func start(t *testing.T, module string, configure ...func(*proxytest.EmulatorOption)) *host {
	t.Helper()
	wasm, err := os.ReadFile(filepath.Join(os.Getenv("PEERS_MODULES"), module+".wasm"))
	if err != nil {
		t.Fatalf("the modules are built by npm run test:peers: %v", err)
	}
	vm, err := proxytest.NewWasmVMContext(wasm)
	if err != nil {
		t.Fatal(err)
	}
	option := proxytest.NewEmulatorOption().WithVMContext(vm)
	for _, more := range configure {
		more(option)
	}
	// The emulator's own lists of lines point into the module's memory, which the module has used again by the time that a
	// test looks at them. What the emulator prints was there when it was logged.
	h := &host{t: t, printed: &bytes.Buffer{}}
	log.SetOutput(h.printed)
	emulator, reset := proxytest.NewHostEmulator(option)
	h.HostEmulator = emulator
	t.Cleanup(func() {
		reset()
		vm.Close()
		log.SetOutput(io.Discard)
		if t.Failed() {
			t.Logf("the emulator printed:\n%s", h.printed)
		}
	})
	equal(t, "the VM starts", h.StartVM(), types.OnVMStartStatusOK)
	equal(t, "the plugin starts", h.StartPlugin(), types.OnPluginStartStatusOK)
	return h
}

func pluginConfiguration(text string) func(*proxytest.EmulatorOption) {
	return func(option *proxytest.EmulatorOption) { option.WithPluginConfiguration([]byte(text)) }
}

// logged checks that the module has logged each of the lines.
func (h *host) logged(level string, lines ...string) {
	h.t.Helper()
	for _, line := range lines {
		if !strings.Contains(h.printed.String(), "proxy_"+level+"_log: "+line+"\n") {
			h.t.Errorf("the module did not log %q with the level %s", line, level)
		}
	}
}

// request begins a stream with a request.
func (h *host) request(headers ...[2]string) (id uint32, action types.Action) {
	id = h.InitializeHttpContext()
	return id, h.CallOnRequestHeaders(id, headers, false)
}

// reply returns the local reply of a stream, which must be there and have the status.
func (h *host) reply(id uint32, status uint32) *proxytest.LocalHttpResponse {
	h.t.Helper()
	reply := h.GetSentLocalResponse(id)
	if reply == nil {
		h.t.Fatal("there is no local reply")
	}
	equal(h.t, "the status of the reply", reply.StatusCode, status)
	return reply
}

func equal[T comparable](t *testing.T, what string, actual, expected T) {
	t.Helper()
	if actual != expected {
		t.Errorf("%s: %v, and not %v", what, actual, expected)
	}
}
