// Package host is the seam between the SDK and what it runs on. In WebAssembly its functions are the host functions of
// eventrelay/sdk/abi, imported one by one, so that the linker leaves out those that a filter does not call. Elsewhere
// they go to World, and Guest leads back to the handlers: package sdktest is at the other end of both.
package host
