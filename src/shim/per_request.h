/*
 * Variables that nearly every request uses lie side by side: a processor's caches and its translation of addresses work
 * by lines of 64 bytes and pages of 4 KiB, and after Envoy's own work for a request little of the module's is left in
 * them.
 */
#pragma once

#define PER_REQUEST __attribute__((section("per_request")))
