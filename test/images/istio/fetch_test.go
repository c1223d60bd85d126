// Istio's own fetcher, the one of the agent beside each proxy, judges the images that the tests in ../ have put into registries.
package images

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"time"

	"istio.io/istio/pkg/util/sets"
	"istio.io/istio/pkg/wasm"
)

// A module that the agent is asked for, as istiod asks it.
type fetchCase struct {
	Name string
	// oci://HOST/NAME:TAG
	URL string
	// What a WasmPlugin has in its field sha256.
	Sha256 string
	// A Docker configuration, as a Secret has it.
	PullSecret string
	// HOST of a registry whose certificate need not be checked (WASM_INSECURE_REGISTRIES).
	Insecure string
}

// What the agent has made of it.
type fetchOutcome struct {
	// The checksum of the file for Envoy.
	Module string
	Error  string
}

func readJSON(t *testing.T, variable string, into any) {
	t.Helper()
	text, err := os.ReadFile(os.Getenv(variable))
	if err != nil {
		t.Fatalf("%s must name a file: %v", variable, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func writeJSON(t *testing.T, variable string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv(variable), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func checksumOfFile(t *testing.T, file string) string {
	t.Helper()
	bytes, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:])
}

func cacheOf(t *testing.T, insecure string) wasm.Cache {
	t.Helper()
	options := wasm.Options{
		PurgeInterval:         time.Hour,
		ModuleExpiry:          time.Hour,
		HTTPRequestTimeout:    5 * time.Second,
		HTTPRequestMaxRetries: 1,
		InsecureRegistries:    sets.New[string](),
	}
	if insecure != "" {
		options.InsecureRegistries.Insert(insecure)
	}
	cache := wasm.NewLocalFileCache(t.TempDir(), options)
	t.Cleanup(cache.Cleanup)
	return cache
}

func TestFetch(t *testing.T) {
	var cases []fetchCase
	readJSON(t, "FETCH_CASES", &cases)
	outcomes := map[string]fetchOutcome{}
	for _, c := range cases {
		options := wasm.GetOptions{
			Checksum:       c.Sha256,
			ResourceName:   "istio-system.plugin",
			RequestTimeout: 10 * time.Second,
		}
		if c.PullSecret != "" {
			options.PullSecret = []byte(c.PullSecret)
		}
		file, err := cacheOf(t, c.Insecure).Get(c.URL, options)
		if err != nil {
			outcomes[c.Name] = fetchOutcome{Error: err.Error()}
		} else {
			outcomes[c.Name] = fetchOutcome{Module: checksumOfFile(t, file)}
		}
	}
	writeJSON(t, "FETCH_OUTCOMES", outcomes)
}
