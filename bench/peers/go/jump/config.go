package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// config is the part of the jump filter's configuration that the benchmark needs. See src/filter/config.ts.
type config struct {
	Cluster        string   `json:"cluster"`
	Authority      string   `json:"authority"`
	Path           string   `json:"path"`
	Method         string   `json:"method"`
	TimeoutMs      uint32   `json:"timeoutMs"`
	Match          string   `json:"match"`
	ForwardHeaders []string `json:"forwardHeaders"`

	forwardNames    map[string]bool
	forwardPrefixes []string
}

func readConfig(data []byte) (*config, error) {
	c := &config{
		Cluster:        "back-python",
		TimeoutMs:      5000,
		ForwardHeaders: []string{"x-request-id", "x-b3-*", "traceparent", "tracestate"},
		forwardNames:   map[string]bool{},
	}
	if len(data) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(c); err != nil {
			return nil, err
		}
	}
	if c.Authority == "" {
		c.Authority = c.Cluster[strings.LastIndex(c.Cluster, "|")+1:]
	}
	for _, name := range c.ForwardHeaders {
		name = strings.ToLower(name)
		if prefix, found := strings.CutSuffix(name, "*"); found {
			c.forwardPrefixes = append(c.forwardPrefixes, prefix)
		} else {
			c.forwardNames[name] = true
		}
	}
	return c, nil
}

// forwards tells whether the call carries a header of the request. Pseudo headers are never forwarded.
func (c *config) forwards(name string) bool {
	if strings.HasPrefix(name, ":") {
		return false
	}
	if c.forwardNames[name] {
		return true
	}
	for _, prefix := range c.forwardPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
