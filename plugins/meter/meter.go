package meter

// Names that a rewritten module has and that an original must not use.
const (
	// HostModule is the module that a rewritten module imports TickName from. An import from it refuses a module.
	HostModule = "relay.meter"
	// TickName is the host's function (fuel i64, stack i64) -> (fuel i64).
	TickName = "tick"

	// Exports; an export that begins with ReservedPrefix refuses a module.
	ReservedPrefix = "relay.meter."
	FuelGlobal     = ReservedPrefix + "fuel"    // mutable i64
	StackGlobal    = ReservedPrefix + "stack"   // mutable i64, bytes left
	SaveName       = ReservedPrefix + "save"    // () -> (all mutable globals)
	RestoreName    = ReservedPrefix + "restore" // (all mutable globals) -> ()
)

// Slice is the fuel that a host may hand out at a time: a guest that spends it takes from microseconds (arithmetic) to
// a millisecond or so (cache misses all over its memory), and asking for it costs less than 1 % of that.
const Slice = 32 << 10

// Scan reads a module and refuses it, before anything is compiled, if it is not of WebAssembly 2.0 or above a limit. The
// error says what is wrong and where. Scan does not check types: the engine does. It allocates in proportion to the
// bytes of the module only.
func Scan(module []byte, limits Limits) (*Report, error) {
	m, err := parse(module, limits)
	if err != nil {
		return nil, err
	}
	return m.report(len(module)), nil
}

// Rewrite scans a module and returns it metered. Its tables and memory have a maximum within the limits, functions keep
// their names, and other custom sections are left out. What the engine would refuse in the original it refuses in the
// rewritten module too.
func Rewrite(module []byte, limits Limits) ([]byte, *Report, error) {
	m, err := parse(module, limits)
	if err != nil {
		return nil, nil, err
	}
	return m.rewritten(len(module)), m.report(len(module)), nil
}
