package auth

// Options say who may publish and subscribe. Keys and tokens are secrets: they are never printed.
type Options struct {
	// PublishKeys may publish over HTTP and, on a socket that shows one, inbound: `Authorization: Bearer KEY` or
	// `X-API-Key: KEY`. Empty: anyone who reaches the port.
	PublishKeys []Secret `koanf:"publish_keys"`
	// PublishKeysFile holds further keys, one per line. `#` begins a comment line.
	PublishKeysFile string `koanf:"publish_keys_file"`
	// SubscribeTokens may subscribe: `Authorization: Bearer TOKEN` or, from browsers, `?token=TOKEN`. Empty: anyone.
	SubscribeTokens []Secret `koanf:"subscribe_tokens"`
	// SubscribeTokensFile holds further tokens, one per line.
	SubscribeTokensFile string `koanf:"subscribe_tokens_file"`
	// AllowedOrigins are the browser origins that may connect and publish besides the relay's own, each exactly as
	// browsers send it (`https://app.example.com`); "*" allows any and is warned about.
	AllowedOrigins []string `koanf:"allowed_origins"`
	// AllowedHosts are Host names accepted besides loopback names when no keys or tokens are set (against DNS
	// rebinding). A port is not compared.
	AllowedHosts []string `koanf:"allowed_hosts"`
}
