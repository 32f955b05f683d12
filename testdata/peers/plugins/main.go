// Command plugins measures what one event costs in a WebAssembly filter: relay's pipeline, the same guest called by
// wazero with nothing around it, the Extism Go SDK, and http-wasm-host-go, each with the filter of c/scan.h and one
// event of 235 bytes; and relay's scripts beside goja, JavaScript in Go without a sandbox. Runs are interleaved; the table has medians and the spread.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

// event is what all filters scan: nothing in it is found, so the whole of it is read.
const event = `{"id":"01JA8Q0Z3V9W3K6X","type":"trade","symbol":"ACME","price":101.25,"quantity":300,"side":"buy","venue":"XNAS","account":"a-19-3321","card":"4111111111111111","note":"filled in two parts, settles on T+1","ts":1700000000000000}`

// row is one line of the table.
type row struct {
	name    string
	divisor int    // events, or filters, that one turn of the loop stands for
	raw     string // the row that this one is compared with
	bench   func(*testing.B)

	ns             []float64
	allocs, memory int64
}

func main() {
	testing.Init()
	runs := flag.Int("runs", 5, "how often each is measured")
	benchtime := flag.Duration("time", 500*time.Millisecond, "how long each run lasts")
	flag.Parse()
	if err := flag.Set("test.benchtime", benchtime.String()); err != nil {
		fail(err)
	}
	rows, err := open()
	if err != nil {
		fail(err)
	}
	for n := range *runs {
		for i := range rows {
			progress("run %d of %d: %s", n+1, *runs, rows[i].name)
			rows[i].run()
		}
	}
	progress("")
	print(rows, *runs)
}

// progress replaces the line on the terminal, if there is one.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
	}
}

func (r *row) run() {
	res := testing.Benchmark(r.bench)
	if res.N == 0 {
		fail(fmt.Errorf("%s did not run", r.name))
	}
	r.ns = append(r.ns, float64(res.T.Nanoseconds())/float64(res.N*r.divisor))
	r.allocs, r.memory = res.AllocsPerOp()/int64(r.divisor), res.AllocedBytesPerOp()/int64(r.divisor)
}

func (r *row) median() float64 {
	slices.Sort(r.ns)
	return r.ns[len(r.ns)/2]
}

// print writes the table: times are of one event and filter.
func print(rows []row, runs int) {
	fmt.Printf("%s, %s %s/%s, %d runs, ns per event and filter\n\n", time.Now().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runs)
	fmt.Println("| | median | min–max | × raw | bytes | allocations |")
	fmt.Println("|---|--:|--:|--:|--:|--:|")
	medians := map[string]float64{}
	for i := range rows {
		medians[rows[i].name] = rows[i].median()
	}
	for _, r := range rows {
		ratio := ""
		if raw := medians[r.raw]; raw > 0 {
			ratio = fmt.Sprintf("%.2f", medians[r.name]/raw)
		}
		fmt.Printf("| %s | %.0f | %.0f–%.0f | %s | %d | %d |\n", r.name, medians[r.name], r.ns[0], r.ns[len(r.ns)-1], ratio, r.memory, r.allocs)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "plugins:", err)
	os.Exit(1)
}
