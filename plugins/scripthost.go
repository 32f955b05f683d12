package plugins

import (
	"errors"

	"eventrelay/plugins/script"
	"eventrelay/sdk/abi"
)

// scriptHost is what a script may ask for: what the import module relay is to other guests (host.go).
type scriptHost struct{ in *instance }

var _ script.Host = scriptHost{}

// errNotGranted is returned for what the filter's allow does not list. The prelude says so first, and which word.
var errNotGranted = errors.New("not granted")

func (h scriptHost) granted(g grants) error {
	if h.in.filter.granted.has(g) {
		return nil
	}
	return errNotGranted
}

func (h scriptHost) Log(level abi.Level, line []byte) {
	h.in.meter.enter()
	h.in.log.line(level, line)
	h.in.meter.hosted()
}

func (h scriptHost) Reason(code abi.ReasonCode, text []byte) {
	h.in.call.code, h.in.call.reason = code, append(h.in.call.reason[:0], text[:min(len(text), maxReason)]...)
}

func (h scriptHost) Emit(record []byte) (bool, error) {
	h.in.meter.enter()
	defer h.in.meter.hosted()
	room, err := h.in.emit(record)
	if err == nil && !room {
		h.in.filter.plugin.stats.refused.Add(1)
	}
	return room, err
}

func (h scriptHost) EventID() string {
	if ev := h.in.call.event; ev != nil {
		return ev.ID
	}
	return ""
}

func (h scriptHost) KVGet(key []byte) (value []byte, found bool, err error) {
	if err := h.granted(grantKV); err != nil {
		return nil, false, err
	}
	value, found = h.in.filter.plugin.kv.value(key)
	return value, found, nil
}

func (h scriptHost) KVSet(key, value []byte, ttlMillis int64) (bool, error) {
	if err := h.granted(grantKV); err != nil {
		return false, err
	}
	return h.in.filter.plugin.kv.set(key, value, ttlMillis), nil
}

func (h scriptHost) KVAdd(key []byte, delta, ttlMillis int64) (int64, error) {
	if err := h.granted(grantKV); err != nil {
		return 0, err
	}
	sum, err := h.in.filter.plugin.kv.add(key, delta, ttlMillis)
	if errors.Is(err, errKVFull) {
		return abi.KVAddRefused, nil
	}
	return sum, err
}

func (h scriptHost) Now() (int64, error) {
	return h.in.filter.plugin.world.now().UnixNano(), h.granted(grantNow)
}

func (h scriptHost) Random(p []byte) error {
	if err := h.granted(grantRandom); err != nil {
		return err
	}
	h.in.meter.enter()
	h.in.randomize(p, h.in.filter.plugin.world.random)
	return nil
}

func (h scriptHost) Metric(name []byte, delta int64) error {
	if err := h.granted(grantMetric); err != nil {
		return err
	}
	if err := checkMetricName(name); err != nil {
		return err
	}
	h.in.filter.plugin.stats.custom.add(name, delta)
	return nil
}
