package auth

import (
	"errors"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

const (
	key   = "key-0123456789abcdef"
	token = "token-0123456789abcdef"
)

func shake(remote, host string, headers ...string) *relay.Handshake {
	h := &relay.Handshake{
		Path: "/ws", Host: host, Query: url.Values{}, Header: textproto.MIMEHeader{},
		Remote: netip.MustParseAddrPort(remote),
	}
	for i := 0; i < len(headers); i += 2 {
		if name, ok := strings.CutPrefix(headers[i], "?"); ok {
			h.Query.Add(name, headers[i+1])
			continue
		}
		h.Header.Add(headers[i], headers[i+1])
	}
	return h
}

// status returns 0 for an admitted peer, else what it is answered.
func status(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	r, ok := errors.AsType[*relay.Refusal](err)
	require.True(t, ok, "%v is a *relay.Refusal", err)
	assert.NotContains(t, r.Reason, key)
	assert.NotContains(t, r.Reason, token)
	return r.Status
}

const (
	home = "127.0.0.1:5555"
	away = "192.0.2.7:5555"
)

func TestGuard_Admit_Origin(t *testing.T) {
	listed := Options{AllowedOrigins: []string{"https://good.example"}}
	for name, tc := range map[string]struct {
		options Options
		host    string
		origins []string
		want    int
	}{
		"none":                         {host: "localhost:8080"},
		"own":                          {host: "localhost:8080", origins: []string{"http://localhost:8080"}},
		"own by address":               {host: "[::1]:8080", origins: []string{"http://[::1]:8080"}},
		"own with another scheme":      {host: "localhost:8080", origins: []string{"https://localhost:8080"}, want: 403},
		"own with another port":        {host: "localhost:8080", origins: []string{"http://localhost:8081"}, want: 403},
		"own without the port":         {host: "localhost:8080", origins: []string{"http://localhost"}, want: 403},
		"another loopback name":        {host: "localhost:8080", origins: []string{"http://127.0.0.1:8080"}, want: 403},
		"upper-case scheme":            {host: "localhost:8080", origins: []string{"HTTP://localhost:8080"}, want: 403},
		"upper-case host":              {host: "localhost:8080", origins: []string{"http://LOCALHOST:8080"}, want: 403},
		"evil":                         {host: "localhost:8080", origins: []string{"https://evil.example"}, want: 403},
		"null":                         {host: "localhost:8080", origins: []string{"null"}, want: 403},
		"empty":                        {host: "localhost:8080", origins: []string{""}, want: 403},
		"empty host and origin":        {origins: []string{"http://"}, want: 403},
		"two":                          {host: "localhost:8080", origins: []string{"http://localhost:8080", "https://evil.example"}, want: 403},
		"listed":                       {options: listed, host: "localhost:8080", origins: []string{"https://good.example"}},
		"listed, then a suffix":        {options: listed, host: "localhost:8080", origins: []string{"https://good.example.evil"}, want: 403},
		"listed, with a prefix":        {options: listed, host: "localhost:8080", origins: []string{"https://a.good.example"}, want: 403},
		"listed, with a port":          {options: listed, host: "localhost:8080", origins: []string{"https://good.example:8443"}, want: 403},
		"listed, another scheme":       {options: listed, host: "localhost:8080", origins: []string{"http://good.example"}, want: 403},
		"listed, upper case":           {options: listed, host: "localhost:8080", origins: []string{"https://GOOD.example"}, want: 403},
		"listed, trailing slash":       {options: listed, host: "localhost:8080", origins: []string{"https://good.example/"}, want: 403},
		"listed, user before":          {options: listed, host: "localhost:8080", origins: []string{"https://good.example@evil.example"}, want: 403},
		"any":                          {options: Options{AllowedOrigins: []string{"*"}}, host: "localhost:8080", origins: []string{"null"}},
		"rebound name is its own page": {host: "evil.example:8080", origins: []string{"http://evil.example:8080"}, want: 403},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := New(tc.options)
			require.NoError(t, err)
			h := shake(home, tc.host)
			for _, o := range tc.origins {
				h.Header.Add("Origin", o)
			}
			_, err = g.Admit(h)
			assert.Equal(t, tc.want, status(t, err), "%v", err)
		})
	}
}

func TestGuard_Admit_OriginIsCheckedWithCredentialsToo(t *testing.T) {
	g, err := New(Options{PublishKeys: []Secret{key}, SubscribeTokens: []Secret{token}})
	require.NoError(t, err)
	_, err = g.Admit(shake(away, "relay.example", "Origin", "https://evil.example", "?token", token))
	assert.Equal(t, 403, status(t, err))
	grant, err := g.Admit(shake(away, "relay.example", "Origin", "http://relay.example", "?token", token))
	require.NoError(t, err)
	assert.True(t, grant.Subscribe)
}

func TestGuard_Admit_Host(t *testing.T) {
	for name, tc := range map[string]struct {
		options Options
		remote  string
		host    string
		origin  string
		want    int
	}{
		"localhost":                      {host: "localhost"},
		"localhost with port":            {host: "localhost:1"},
		"localhost, fully qualified":     {host: "localhost.:8080"},
		"localhost in capitals":          {host: "LocalHost:8080"},
		"below localhost":                {host: "relay.localhost:8080"},
		"127.0.0.1":                      {host: "127.0.0.1:8080"},
		"127.9.9.9":                      {host: "127.9.9.9"},
		"::1":                            {host: "[::1]:8080"},
		"::1 without port":               {host: "[::1]"},
		"mapped loopback":                {host: "[::ffff:127.0.0.1]:8080"},
		"none":                           {host: "", want: 403},
		"port alone":                     {host: ":8080", want: 403},
		"a name":                         {host: "relay.example:8080", want: 403},
		"a name ending in localhost":     {host: "evillocalhost", want: 403},
		"localhost as a label":           {host: "localhost.evil.example", want: 403},
		"address as a label":             {host: "127.0.0.1.evil.example", want: 403},
		"short address":                  {host: "127.1", want: 403},
		"octal address":                  {host: "0177.0.0.1", want: 403},
		"decimal address":                {host: "2130706433", want: 403},
		"all addresses":                  {host: "0.0.0.0:8080", want: 403},
		"other address":                  {host: "192.168.1.2:8080", want: 403},
		"listed":                         {options: Options{AllowedHosts: []string{"Relay.Example"}}, host: "relay.example:8080"},
		"listed, fully qualified":        {options: Options{AllowedHosts: []string{"relay.example."}}, host: "relay.example"},
		"listed, a name below":           {options: Options{AllowedHosts: []string{"relay.example"}}, host: "a.relay.example", want: 403},
		"any":                            {options: Options{AllowedHosts: []string{"*"}}, host: "evil.example"},
		"public: other address":          {options: Options{Public: true}, remote: away, host: "192.168.1.2:8080"},
		"public: a name":                 {options: Options{Public: true}, remote: away, host: "evil.example", want: 403},
		"from elsewhere without Origin":  {remote: away, host: "localhost:8080", want: 403},
		"from elsewhere with its Origin": {remote: away, host: "localhost:8080", origin: "http://localhost:8080", want: 403},
		"mapped loopback peer":           {remote: "[::ffff:127.0.0.1]:1", host: "localhost:8080"},
		"keys only, subscribing unknown": {options: Options{PublishKeys: []Secret{key}}, host: "relay.example", want: 403},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := New(tc.options)
			require.NoError(t, err)
			if tc.remote == "" {
				tc.remote = home
			}
			var headers []string
			if tc.origin != "" {
				headers = []string{"Origin", tc.origin}
			}
			_, err = g.Admit(shake(tc.remote, tc.host, headers...))
			assert.Equal(t, tc.want, status(t, err), "%v", err)
		})
	}
}

func TestGuard_Admit_Credentials(t *testing.T) {
	both := Options{PublishKeys: []Secret{"other-0123456789abcdef", key}, SubscribeTokens: []Secret{token}}
	keys := Options{PublishKeys: []Secret{key}}
	tokens := Options{SubscribeTokens: []Secret{token}}
	for name, tc := range map[string]struct {
		options            Options
		shown              []string
		refused            int
		publish, subscribe int // 0, 401 or 403
	}{
		"nothing needed, nothing shown":     {},
		"nothing needed, anything shown":    {shown: []string{"Authorization", "Basic abc"}},
		"nothing shown":                     {options: both, publish: 401, subscribe: 401},
		"nothing shown, keys only":          {options: keys, publish: 401},
		"nothing shown, tokens only":        {options: tokens, subscribe: 401},
		"key as bearer":                     {options: both, shown: []string{"Authorization", "Bearer " + key}, subscribe: 403},
		"key as bearer, any case and space": {options: both, shown: []string{"Authorization", "bEARER  " + key + " "}, subscribe: 403},
		"key by X-API-Key":                  {options: both, shown: []string{"X-API-Key", key}, subscribe: 403},
		"key in the URL":                    {options: both, shown: []string{"?token", key}, publish: 403, subscribe: 403},
		"token as bearer":                   {options: both, shown: []string{"Authorization", "Bearer " + token}, publish: 403},
		"token in the URL":                  {options: both, shown: []string{"?token", token}, publish: 403},
		"token and key":                     {options: both, shown: []string{"?token", token, "Authorization", "Bearer " + key}},
		"token and key in headers":          {options: both, shown: []string{"Authorization", "Bearer " + token, "X-API-Key", key}},
		"token, tokens only":                {options: tokens, shown: []string{"?token", token}},
		"key, keys only":                    {options: keys, shown: []string{"X-API-Key", key}},
		"unknown bearer":                    {options: both, shown: []string{"Authorization", "Bearer nope"}, refused: 401},
		"unknown token beside a good key":   {options: both, shown: []string{"?token", "nope", "X-API-Key", key}, refused: 401},
		"unknown where none is needed":      {options: keys, shown: []string{"?token", "nope"}, refused: 401},
		"a part of the key":                 {options: both, shown: []string{"X-API-Key", key[:19]}, refused: 401},
		"a bit more than the key":           {options: both, shown: []string{"X-API-Key", key + "0"}, refused: 401},
		"key in other case":                 {options: both, shown: []string{"X-API-Key", strings.ToUpper(key)}, refused: 401},
		"empty bearer":                      {options: both, shown: []string{"Authorization", "Bearer "}, refused: 401},
		"no scheme":                         {options: both, shown: []string{"Authorization", key}, refused: 401},
		"basic":                             {options: both, shown: []string{"Authorization", "Basic " + key}, refused: 401},
		"two Authorization headers":         {options: both, shown: []string{"Authorization", "Bearer " + key, "Authorization", "Bearer " + token}, refused: 401},
		"two equal Authorization headers":   {options: both, shown: []string{"Authorization", "Bearer " + key, "Authorization", "Bearer " + key}, refused: 401},
		"two X-API-Key headers":             {options: both, shown: []string{"X-API-Key", key, "X-API-Key", key}, refused: 401},
		"two tokens":                        {options: both, shown: []string{"?token", token, "?token", token}, refused: 401},
		"a token of 1 MB":                   {options: both, shown: []string{"?token", strings.Repeat("a", 1<<20)}, refused: 401},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := New(tc.options)
			require.NoError(t, err)
			grant, err := g.Admit(shake(home, "localhost:8080", tc.shown...))
			require.Equal(t, tc.refused, status(t, err), "%v", err)
			if tc.refused != 0 {
				assert.Zero(t, grant)
				return
			}
			assert.Equal(t, tc.publish, status(t, grant.NeedPublish()), "publish")
			assert.Equal(t, tc.subscribe, status(t, grant.NeedSubscribe()), "subscribe")
		})
	}
}

func TestGuard_Admit_AllocatesLittle(t *testing.T) {
	g, err := New(Options{PublishKeys: []Secret{key}, SubscribeTokens: []Secret{token}})
	require.NoError(t, err)
	h := shake(home, "localhost:8080", "Authorization", "Bearer "+key)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = g.Admit(h) }), 1.0)
}

func FuzzGuard_Admit(f *testing.F) {
	g, err := New(Options{PublishKeys: []Secret{key}, AllowedOrigins: []string{"https://good.example"}})
	require.NoError(f, err)
	f.Add("localhost:8080", "http://localhost:8080", "Bearer x", "t")
	f.Add("[::1]", "null", "", "")
	f.Add("[", ":", "Bearer", "%zz")
	f.Fuzz(func(t *testing.T, host, origin, authorization, query string) {
		grant, err := g.Admit(shake(away, host, "Origin", origin, "Authorization", authorization, "?token", query))
		if err != nil {
			_, ok := errors.AsType[*relay.Refusal](err)
			require.True(t, ok)
			require.Zero(t, grant)
			return
		}
		require.True(t, grant.Known && query == key, "only a peer with the key comes in")
		require.True(t, origin == "https://good.example" || origin == "http://"+host)
	})
}

// Where filters decide, a WebSocket needs no key or token, though it is held to hosts and origins; HTTP is as without it.
func TestGuard_Admit_ByFilter(t *testing.T) {
	options := Options{ByFilter: true, PublishKeys: []Secret{key}, AllowedHosts: []string{"relay.example"}, AllowedOrigins: []string{"https://good.example"}}
	g, err := New(options)
	require.NoError(t, err)
	all := relay.Grant{Publish: true, Subscribe: true, ByFilter: true}
	for name, tc := range map[string]struct {
		host  string
		shown []string
		want  int
	}{
		"nothing shown":      {host: "relay.example"},
		"an address":         {host: "192.0.2.1:8080"},
		"unknown bearer":     {host: "relay.example", shown: []string{"Authorization", "Bearer theirs"}},
		"another scheme":     {host: "relay.example", shown: []string{"Authorization", "Basic abc"}},
		"unknown token":      {host: "relay.example", shown: []string{"?token", "theirs"}},
		"a publish key":      {host: "relay.example", shown: []string{"X-API-Key", key}},
		"listed origin":      {host: "relay.example", shown: []string{"Origin", "https://good.example"}},
		"another origin":     {host: "relay.example", shown: []string{"Origin", "https://evil.example"}, want: 403},
		"a name not listed":  {host: "evil.example", want: 403},
		"rebound name":       {host: "evil.example", shown: []string{"Origin", "http://evil.example"}, want: 403},
		"no host":            {want: 403},
		"two bearer headers": {host: "relay.example", shown: []string{"Authorization", "Bearer a", "Authorization", "Bearer b"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := shake(away, tc.host, tc.shown...)
			h.WebSocket = true
			grant, err := g.Admit(h)
			require.Equal(t, tc.want, status(t, err), "%v", err)
			if err == nil {
				assert.Equal(t, all, grant)
			}
		})
	}
	_, err = g.Admit(shake(away, "relay.example", "Authorization", "Bearer theirs"))
	assert.Equal(t, 401, status(t, err), "publishing over HTTP")
	grant, err := g.Admit(shake(away, "relay.example"))
	if err == nil {
		assert.Equal(t, 401, status(t, grant.NeedPublish()))
	}

	// Without keys, strangers may not publish over HTTP, whatever filters let in by WebSocket.
	options.PublishKeys = nil
	g, err = New(options)
	require.NoError(t, err)
	_, err = g.Admit(shake(away, "relay.example"))
	assert.Equal(t, 403, status(t, err))

	options.SubscribeTokens = []Secret{token}
	_, err = New(options)
	require.ErrorContains(t, err, "auth.by_filter")
}
