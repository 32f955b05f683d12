// Package sdk is the Go guest SDK: filters for relay in stock Go.
package sdk
