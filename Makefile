# The commands of a checkout. Each installs what it needs first; `make` alone lists them.

.PHONY: help install demo demo.envoy test lint format build.wasm container.push clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z.]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z.]+):[^#]*## /\1\t/' | expand -t 16

demo: install ## one request through the filter in the Node host; KEEP=1 leaves it running, PORT=N chooses the port
	@npm run -s demo

demo.envoy: install ## the same on a real Envoy with the Go program (needs Go)
	@npm run -s demo -- --envoy

test: install ## everything that the gate checks: lint, types, unit and wasm tests, a real Envoy, the peers' examples, images, the demo
	npm run -s lint
	npm run -s typecheck
	npm test
	npm run test:slow
	npm run test:soak
	npm run -s audit
	npm run test:peers
	npm run test:images
	npm run -s demo

build.wasm: install ## dist/filter.wasm
	@npm run -s build:wasm

IMAGE ?= localhost:5000/wasm-http-request:v1

container.push: build.wasm ## builds the filter and pushes its image: IMAGE=host/name:tag, PUSH_OPTIONS="--plain-http ..."; needs oras
	@node_modules/.bin/tsx build/cli.ts push $(IMAGE) dist/filter.wasm $(PUSH_OPTIONS)

lint: install ## the linter, and the formatters of TypeScript and C
	@npm run -s lint

format: install ## formats TypeScript and C
	@npm run -s format

install: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-fund --no-audit
	@touch $@

clean: ## removes everything that was built or fetched
	rm -rf node_modules dist engine .cache
