//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// names lists the runs of a plan.
func names(steps []step) (list []string) {
	for _, st := range steps {
		list = append(list, st.peer.name+"/"+st.workload.id+"/"+itoa(st.run))
	}
	return list
}

// ready returns settings under which the given peers seem to be installed.
func ready(t *testing.T, only ...string) *settings {
	t.Helper()
	was := peers
	peers = slices.Clone(peers)
	for i, p := range peers {
		installed := *p
		installed.command, installed.needs = []string{"/proc/self/exe"}, nil
		peers[i] = &installed
	}
	t.Cleanup(func() { peers = was })
	return &settings{results: t.TempDir(), runs: 2, duration: time.Second, only: only}
}

func TestPlan(t *testing.T) {
	s := ready(t, "relay", "c", "nethttp")
	s.workloads = []string{"1", "7a", "9b"}
	got, total := s.plan()
	want := "relay/1a/1 c/1a/1 relay/1b/1 c/1b/1 relay/7a/1 nethttp/7a/1 relay/9b/1 " + // the floor can't deflate
		"c/1a/2 relay/1a/2 c/1b/2 relay/1b/2 nethttp/7a/2 relay/7a/2 relay/9b/2"
	if list := strings.Join(names(got), " "); list != want {
		t.Errorf("runs\n%s, want\n%s", list, want)
	}
	if total < 30*time.Second || total > 5*time.Minute {
		t.Errorf("estimated at %v", total)
	}

	save(t, s.results, "c", "1a", 1, "")
	if again, _ := s.plan(); len(again) != len(got)-1 || slices.Contains(names(again), "c/1a/1") {
		t.Errorf("%v: what is done is not done again", names(again))
	}
}

func TestPlan_peersToAskFor(t *testing.T) {
	s := ready(t)
	steps, _ := s.plan()
	if list := names(steps); slices.Contains(list, "relay-2loops/1a/1") || !slices.Contains(list, "fastapi/1a/1") {
		t.Errorf("%v: want all but those that are to be asked for", list)
	}
	s.only = []string{"relay-2loops"}
	if steps, _ = s.plan(); len(steps) == 0 {
		t.Error("what is asked for is not planned")
	}
}

func TestKnown(t *testing.T) {
	for _, test := range []struct {
		only, workloads []string
		want            string
	}{
		{nil, nil, ""},
		{[]string{"relay"}, []string{"1", "2b", "5"}, ""},
		{[]string{"relais"}, nil, `no peer is called "relais"`},
		{nil, []string{"1c"}, `there is no "1c"`},
	} {
		err := (&settings{only: test.only, workloads: test.workloads}).known()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%v %v: %v, want %q", test.only, test.workloads, err, test.want)
		}
	}
}

func TestMissing(t *testing.T) {
	s := &settings{root: t.TempDir()}
	for _, p := range peers {
		if p.name != "fastapi" && p.missing(s) == "" {
			t.Errorf("%s lacks nothing in an empty folder", p.name)
		}
	}
}
