// Package abi is the contract between relay and its filters, ABI v1.
package abi
