// Package assemblyscript holds the SDK for filters in AssemblyScript, so that it can be written beside a new filter.
package assemblyscript

import "embed"

// Files are the sources, for a folder relay beside the filter, and README.md, which says how to use them.
//
//go:embed README.md *.ts
var Files embed.FS
