package transport_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport"
)

func TestPlain_publishes(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.connect("")
		for _, c := range []struct {
			op   ws.OpCode
			data string
			kind relay.Kind
		}{
			{ws.OpText, `{"a":1}`, relay.KindJSON},
			{ws.OpText, `7`, relay.KindJSON},
			{ws.OpText, `hello`, relay.KindText},
			{ws.OpText, ``, relay.KindText},
			{ws.OpBinary, `{"a":1}`, relay.KindBinary},
		} {
			p.frame(ws.NewFrame(c.op, true, []byte(c.data)))
			f := p.next()
			assert.Equal(t, c.op, f.Header.OpCode)
			assert.Equal(t, c.data, string(f.Payload))
			all := r.pub.taken()
			ev := all[len(all)-1]
			assert.Equal(t, c.kind, ev.Kind)
			assert.Equal(t, relay.Inbound, ev.Source)
			assert.Equal(t, relay.DefaultTopic, ev.Topic)
			assert.Len(t, ev.ID, 26)
			assert.Equal(t, p.LocalAddr().String(), ev.Attributes.Get("remote_address"))
			assert.NotEmpty(t, ev.Attributes.Get("connection"))
			assert.False(t, ev.Time.IsZero())
		}
		assert.EqualValues(t, 5, r.metric("relay_received_messages_total"))
		assert.EqualValues(t, 7+1+5+0+7, r.metric("relay_received_bytes_total"))
	})
}

func TestPlain_topics(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.connect("?topic=orders.*&topic=orders.*&topic=alarms.>&publish=orders.new")
		p.text("mine")
		p.wantText("mine")
		for _, topic := range []relay.Topic{"orders.eu", "other", "alarms.a.b"} {
			_, err := r.fan.Broadcast(topic, json.RawMessage(`"`+string(topic)+`"`))
			require.NoError(t, err)
		}
		got := []string{string(p.next().Payload), string(p.next().Payload)}
		assert.ElementsMatch(t, []string{`"orders.eu"`, `"alarms.a.b"`}, got)

		for _, query := range []string{"?topic=a&topic=b", "?topic=a.*", "?topic=%3E"} {
			p := r.connect(query)
			p.text("where to?")
			assert.Contains(t, p.wantClose(1008), "?publish=TOPIC")
		}
	})
}

func TestPlain_mayNotPublish(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(o *transport.Options, _ *transport.Deps) { o.Inbound = false })
		p := r.connect("")
		p.text("x")
		assert.Contains(t, p.wantClose(1008), "takes no events from sockets")

		r = serve(t, driver, func(_ *transport.Options, d *transport.Deps) {
			d.Gate = gate(func(*relay.Handshake) (relay.Grant, error) { return relay.Grant{Subscribe: true}, nil })
		})
		p = r.connect("")
		p.text("x")
		assert.Contains(t, p.wantClose(1008), "not allowed to publish")
		r.eventually("counted", func() bool { return r.metric("relay_disconnects_total", "policy") == 1 })
	})
}

func TestPlain_publisherRefuses(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		for err, code := range map[error]int{relay.ErrClosed: 1001, relay.ErrTooLarge: 1009, assert.AnError: 1011} {
			r := serve(t, driver)
			r.pub.fail(fmt.Errorf("submit: %w", err))
			p := r.connect("")
			p.text("x")
			p.wantClose(code)
		}
	})
}

// reply reads replies and pushes; want is JSON.
func (p *peer) wantJSON(want string) {
	p.t.Helper()
	f := p.next()
	require.Equal(p.t, ws.OpText, f.Header.OpCode, "%q", f.Payload)
	require.JSONEq(p.t, want, string(f.Payload))
}

func TestEnvelope_subscriptions(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.connect("?topic=at.once", envelopes)
		p.text(`{"id":1,"subscribe":{"topic":"orders.>"}}`)
		p.wantJSON(`{"id":1,"subscribe":{"topic":"orders.>"}}`)
		p.text(`{"subscribe":{"topic":"orders.>"},"id":2}`)
		p.wantJSON(`{"id":2,"error":{"code":"already_subscribed","message":"this connection already has this very subscription","temporary":false}}`)
		pos, err := r.fan.Broadcast("orders.eu", map[string]int{"n": 1})
		require.NoError(t, err)
		push := p.push()
		assert.Equal(t, "orders.>", push["subscription"])
		assert.Equal(t, "orders.eu", push["topic"])
		assert.Equal(t, pos.String(), push["id"])
		assert.Equal(t, map[string]any{"n": 1.0}, push["data"])
		_, err = r.fan.Broadcast("at.once", 5)
		require.NoError(t, err)
		assert.Equal(t, "at.once", p.push()["subscription"])

		p.text(`{"id":3,"unsubscribe":{"topic":"orders.>"}}`)
		p.wantJSON(`{"id":3,"unsubscribe":{"topic":"orders.>"}}`)
		p.text(`{"id":4,"unsubscribe":{"topic":"orders.>"}}`)
		p.wantJSON(`{"id":4,"error":{"code":"not_subscribed","message":"this connection has no such subscription","temporary":false}}`)
		_, err = r.fan.Broadcast("orders.eu", "not for us")
		require.NoError(t, err)
		p.text(`{"id":5,"ping":{}}`)
		p.wantJSON(`{"id":5,"ping":{}}`)
	})
}

func (p *peer) push() (m map[string]any) {
	p.t.Helper()
	f := p.next()
	require.NoError(p.t, json.Unmarshal(f.Payload, &m))
	return m
}

func TestEnvelope_publish(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		watcher := r.connect("?topic=a.b")
		p := r.connect("", envelopes)
		for _, c := range []struct {
			body, payload string
			op            ws.OpCode
			kind          relay.Kind
			contentType   string
		}{
			{`"data":{"x": 1}`, `{"x": 1}`, ws.OpText, relay.KindJSON, ""},
			{`"data":"a string"`, `"a string"`, ws.OpText, relay.KindJSON, ""},
			{`"data":null`, `null`, ws.OpText, relay.KindJSON, ""},
			{`"data":[1],"type":"application/vnd.x+json"`, `[1]`, ws.OpText, relay.KindJSON, "application/vnd.x+json"},
			{`"data":"gr\u00fc\u00df","type":"text/plain"`, `grüß`, ws.OpText, relay.KindText, "text/plain"},
			{`"data_base64":"AP8="`, "\x00\xff", ws.OpBinary, relay.KindBinary, ""},
			{`"data_base64":"AP8=","type":"image/png"`, "\x00\xff", ws.OpBinary, relay.KindBinary, "image/png"},
		} {
			p.text(`{"id":9,"publish":{"topic":"a.b","event_id":"mine",` + c.body + `}}`)
			f := watcher.next()
			assert.Equal(t, c.payload, string(f.Payload))
			assert.Equal(t, c.op, f.Header.OpCode)
			var answer struct {
				ID      int
				Publish struct {
					EventID string `json:"event_id"`
					ID      string
					Verdict string
				}
			}
			require.NoError(t, json.Unmarshal(p.next().Payload, &answer))
			assert.Equal(t, 9, answer.ID)
			assert.Equal(t, "mine", answer.Publish.EventID)
			assert.Equal(t, "accepted", answer.Publish.Verdict)
			assert.True(t, strings.HasPrefix(answer.Publish.ID, r.fan.Epoch()+"."))
			all := r.pub.taken()
			assert.Equal(t, c.kind, all[len(all)-1].Kind)
			assert.Equal(t, c.contentType, all[len(all)-1].Attributes.Get("content_type"))
		}
		r.pub.mu.Lock()
		r.pub.result = relay.Result{Verdict: relay.Dropped, Filter: "dedupe", Reason: "seen before"}
		r.pub.mu.Unlock()
		p.text(`{"id":10,"publish":{"topic":"a.b","event_id":"e","data":1}}`)
		p.wantJSON(`{"id":10,"publish":{"event_id":"e","verdict":"dropped","filter":"dedupe","reason":"seen before"}}`)
		for err, code := range map[error]string{relay.ErrClosed: "closing", relay.ErrTooLarge: "too_large", assert.AnError: "internal"} {
			r.pub.fail(err)
			p.text(`{"id":11,"publish":{"topic":"a.b","data":1}}`)
			assert.Equal(t, code, p.push()["error"].(map[string]any)["code"])
		}
	})
}

// What is wrong with a command is an error reply that says what to do, and the connection goes on.
func TestEnvelope_badCommands(t *testing.T) {
	deep := strings.Repeat("[", 10000) + strings.Repeat("]", 10000)
	cases := []struct{ in, id, code, says string }{
		{``, "", "bad_command", "at byte"},
		{`x`, "", "bad_command", "at byte"},
		{`{"id":1,"ping":{}`, "", "bad_command", "at byte"},
		{`[]`, "", "bad_command", "an object"},
		{`{"id":1,"ping":{}} {}`, "", "bad_command", "at byte"},
		{`{"ping":{}}`, "", "bad_command", `no "id"`},
		{`{"id":0,"ping":{}}`, "", "bad_command", "whole number"},
		{`{"id":-1,"ping":{}}`, "", "bad_command", "whole number"},
		{`{"id":1.5,"ping":{}}`, "", "bad_command", "whole number"},
		{`{"id":"1","ping":{}}`, "", "bad_command", "whole number"},
		{`{"id":9007199254740992,"ping":{}}`, "", "bad_command", "whole number"},
		{`{"id":1,"id":2,"ping":{}}`, "", "bad_command", "second time"},
		{`{"id":1,"\u0069d":2,"ping":{}}`, "", "bad_command", "second time"},
		{`{"id":1}`, "1", "bad_command", "no command"},
		{`{"id":1,"Ping":{}}`, "1", "bad_command", `unknown command "Ping"`},
		{`{"id":1,"ping":{},"subscribe":{"topic":"a"}}`, "1", "bad_command", "one command per message"},
		{`{"id":1,"ping":1}`, "1", "bad_command", "ping: "},
		{`{"id":1,"ping":{"x":1}}`, "1", "bad_command", `ping: unknown key "x"`},
		{`{"id":1,"subscribe":{}}`, "1", "bad_command", `no "topic"`},
		{`{"id":1,"subscribe":{"topic":1}}`, "1", "bad_command", "must be a string"},
		{`{"id":1,"publish":{"topic":"a","data":{"x":1,"x":2}}}`, "", "bad_command", "second time"},
		{`{"id":1,"subscribe":{"topic":"a","topic":"b"}}`, "", "bad_command", "second time"},
		{`{"id":1,"subscribe":{"topics":"a"}}`, "1", "bad_command", `unknown key "topics"`},
		{`{"id":1,"subscribe":{"topic":"a..b"}}`, "1", "bad_topic", "empty token"},
		{`{"id":1,"publish":{"topic":"a.*","data":1}}`, "1", "bad_topic", "wildcard"},
		{`{"id":1,"publish":{"data":1}}`, "1", "bad_topic", "is empty"},
		{`{"id":1,"publish":{"topic":"a"}}`, "1", "bad_event", `either "data" or "data_base64"`},
		{`{"id":1,"publish":{"topic":"a","data":1,"data_base64":""}}`, "1", "bad_event", `either "data" or "data_base64"`},
		{`{"id":1,"publish":{"topic":"a","data_base64":"*"}}`, "1", "bad_event", "base64"},
		{`{"id":1,"publish":{"topic":"a","data":1,"type":"text/plain"}}`, "1", "bad_event", "must be a string"},
		{`{"id":1,"publish":{"topic":"a","data":1,"type":"/"}}`, "1", "bad_event", "content type"},
		{`{"id":1,"publish":{"topic":"a","data":1,"event_id":""}}`, "1", "bad_event", "event_id"},
		{`{"id":1,"publish":{"topic":"a","data":1,"event_id":"\n"}}`, "1", "bad_event", "event_id"},
		{`{"id":1,"publish":{"topic":"a","data":1,"qos":1}}`, "1", "bad_command", `unknown key "qos"`},
		{`{"id":1,"publish":{"topic":"a","data":` + deep + `}}`, "", "bad_command", "deeper than 32"},
		{strings.Repeat("[", 10000), "", "bad_command", "deeper than 32"},
	}
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.connect("", envelopes)
		for _, c := range cases {
			p.text(c.in)
			m := p.push()
			what := fmt.Sprintf("%.60s → %v", c.in, m)
			e, ok := m["error"].(map[string]any)
			require.True(t, ok, what)
			assert.Equal(t, c.code, e["code"], what)
			assert.Contains(t, e["message"], c.says, what)
			assert.Equal(t, false, e["temporary"], what)
			if c.id == "" {
				assert.NotContains(t, m, "id", what)
			} else {
				assert.EqualValues(t, 1, m["id"], what)
			}
		}
		p.frame(ws.NewBinaryFrame([]byte(`{"id":1,"ping":{}}`)))
		assert.Contains(t, p.push()["error"].(map[string]any)["message"], "text messages")
		p.text(`{"id":1,"ping":{}}`)
		p.wantJSON(`{"id":1,"ping":{}}`)
		assert.Empty(t, r.pub.taken())
	})
}

func TestEnvelope_limits(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(o *transport.Options, d *transport.Deps) {
			o.MaxSubscriptions = 2
			d.Gate = gate(func(h *relay.Handshake) (relay.Grant, error) {
				return relay.Grant{Subscribe: !h.Query.Has("nosub"), Publish: !h.Query.Has("nopub")}, nil
			})
		})
		code := func(p *peer, command string) any {
			p.text(command)
			return p.push()["error"].(map[string]any)["code"]
		}
		p := r.connect("?topic=a&topic=b&nopub", envelopes)
		assert.Equal(t, "too_many_subscriptions", code(p, `{"id":1,"subscribe":{"topic":"c"}}`))
		assert.Equal(t, "forbidden", code(p, `{"id":1,"publish":{"topic":"a","data":1}}`))
		assert.Equal(t, "forbidden", code(r.connect("?nosub", envelopes), `{"id":1,"subscribe":{"topic":"c"}}`))

		off := serve(t, driver, func(o *transport.Options, _ *transport.Deps) { o.Inbound = false })
		assert.Equal(t, "inbound_off", code(off.connect("", envelopes), `{"id":1,"publish":{"topic":"a","data":1}}`))
	})
}

func TestEnvelope_flood(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		for _, command := range []string{`{"id":1,"ping":{}}`, `garbage`, `{"id":1,"subscribe":{"topic":"a"}}`} {
			p := r.connect("", envelopes)
			frame := textFrame(command)
			_, _ = p.Write([]byte(strings.Repeat(frame, 2000)))
			replies := 0
			f := p.next()
			for ; f.Header.OpCode == ws.OpText; f = p.next() {
				replies++
			}
			code, reason := closeData(f.Payload)
			assert.EqualValues(t, 1008, code)
			assert.Contains(t, reason, "50 per second")
			assert.InDelta(t, 100, replies, 20, "the burst is answered")
		}
		// Publishes that are taken are bounded by the filters' queue instead.
		p := r.connect("", envelopes)
		for range 300 {
			p.text(`{"id":1,"publish":{"topic":"a","data":1}}`)
		}
		for range 300 {
			assert.Contains(t, p.push(), "publish")
		}
	})
}
