package admin

// Options are the settings of the admin listener.
type Options struct {
	// Listen is the address of health, metrics and profiles. Default 127.0.0.1:9090; "off" opens none.
	Listen string `koanf:"listen"`
}
