package relay_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// arrows holds, for each package, the import paths (prefixes) that it and what it imports must not reach, and why.
var arrows = map[string]map[string]string{
	"eventrelay/relay": {
		"eventrelay/": "the vocabulary stands below everything",
		"github.com/": "the vocabulary uses the standard library only",
		"golang.org/": "the vocabulary uses the standard library only",
		"net/http":    "the vocabulary knows no protocol server",
	},
	"eventrelay/broadcaster": {
		"eventrelay/relay/":      "parts meet in relay; relay/server joins them",
		"eventrelay/plugins":     "fan-out knows no filters",
		"github.com/tetratelabs": "wazero only under plugins",
		"github.com/knadh":       "koanf only in relay/config",
	},
	"eventrelay/plugins": {
		"eventrelay/relay/":      "parts meet in relay; relay/server joins them",
		"eventrelay/broadcaster": "filters know no fan-out",
		"github.com/gobwas":      "gobwas/ws only under relay/transport and broadcaster",
		"github.com/knadh":       "koanf only in relay/config",
	},
	"eventrelay/relay/rawjson": {
		"eventrelay/": "reading JSON knows nothing of the relay",
		"github.com/": "the standard library is enough",
	},
	"eventrelay/relay/slab": {
		"eventrelay/": "numbering elements knows nothing of the relay",
		"github.com/": "the standard library is enough",
	},
	"eventrelay/relay/nearest": {
		"eventrelay/": "comparing names knows nothing of the relay",
		"github.com/": "the standard library is enough",
	},
	"eventrelay/cmd/relay": {
		"eventrelay/relay/needs": "is for tests only",
	},
	"eventrelay/plugins/workbench": {
		"eventrelay/relay/":      "the workbench knows filters; cmd/relay joins it to configuration and to a running relay",
		"eventrelay/broadcaster": "filters know no fan-out",
		"github.com/gobwas":      "gobwas/ws only under relay/transport and broadcaster",
		"github.com/knadh":       "koanf only in relay/config",
		"github.com/spf13":       "the command line is cmd/relay's",
	},
	"eventrelay/relay/transport": part("github.com/tetratelabs", "github.com/knadh"),
	"eventrelay/relay/ingest":    part("github.com/tetratelabs", "github.com/knadh", "github.com/gobwas"),
	"eventrelay/relay/admin":     part("github.com/tetratelabs", "github.com/knadh", "github.com/gobwas"),
	"eventrelay/relay/auth":      part("github.com/tetratelabs", "github.com/knadh", "github.com/gobwas"),
	"eventrelay/relay/bench": {
		"eventrelay/broadcaster":  "a client measures servers from outside",
		"eventrelay/plugins":      "a client measures servers from outside",
		"eventrelay/relay/admin":  "a client measures servers from outside",
		"eventrelay/relay/auth":   "a client measures servers from outside",
		"eventrelay/relay/config": "a client measures servers from outside",
		"eventrelay/relay/ingest": "a client measures servers from outside",
		"eventrelay/relay/server": "a client measures servers from outside",
		"github.com/tetratelabs":  "wazero only under plugins",
		"github.com/knadh":        "koanf only in relay/config",
	},
	"eventrelay/sdk": {
		"eventrelay/relay":   "guests share only sdk/abi with the host",
		"eventrelay/plugins": "guests share only sdk/abi with the host",
		"github.com/":        "guests build with nothing to fetch",
		"reflect":            "TinyGo-compatible: no reflection in the SDK itself",
	},
	"eventrelay/sdk/abi": {
		"eventrelay/": "the contract stands alone",
		"github.com/": "guests build with nothing to fetch",
	},
}

// shared are the leaves that any part may use: they know nothing of the relay.
var shared = map[string]bool{"eventrelay/relay/rawjson": true, "eventrelay/relay/slab": true, "eventrelay/relay/nearest": true}

// part returns the row of a part under relay/: it knows relay and no other part, nor the named libraries.
func part(libs ...string) map[string]string {
	row := map[string]string{
		"eventrelay/broadcaster": "parts meet in relay; relay/server joins them",
		"eventrelay/plugins":     "parts meet in relay; relay/server joins them",
		"eventrelay/relay/":      "parts know relay and not each other",
	}
	for _, lib := range libs {
		row[lib] = "wazero only under plugins, koanf only in relay/config, gobwas/ws only under transport and broadcaster"
	}
	return row
}

func TestArrows(t *testing.T) {
	for pkg, forbidden := range arrows {
		out, err := exec.Command("go", "list", "-deps", pkg).CombinedOutput()
		require.NoError(t, err, "%s", out)
		for dep := range strings.FieldsSeq(string(out)) {
			if dep == pkg || strings.HasPrefix(dep, pkg+"/") {
				continue
			}
			for path, why := range forbidden {
				if strings.HasPrefix(dep, path) && !shared[dep] {
					t.Errorf("%s reaches %s: %s", pkg, dep, why)
				}
			}
		}
	}
}
