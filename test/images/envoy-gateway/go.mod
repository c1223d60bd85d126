// Envoy Gateway's source, whose definitions of kinds the tests read. Nothing of it is built.
module proxy-wasm-ts/envoy-gateway

go 1.26.0

require github.com/envoyproxy/gateway v1.9.1
