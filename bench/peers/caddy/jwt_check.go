package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// JWTCheck answers 401 unless the bearer token is valid and names the service plan of the path.
// Directive: jwt_check <issuer> <audience> <key set file>.
type JWTCheck struct {
	KeySetFile string `json:"key_set_file,omitempty"`
	Issuer     string `json:"issuer,omitempty"`
	Audience   string `json:"audience,omitempty"`

	keys jwk.Set
}

func init() {
	caddy.RegisterModule(JWTCheck{})
	httpcaddyfile.RegisterHandlerDirective("jwt_check", parse)
}

// CaddyModule describes the module.
func (JWTCheck) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.jwt_check",
		New: func() caddy.Module { return new(JWTCheck) },
	}
}

// Provision reads the key set.
func (check *JWTCheck) Provision(caddy.Context) error {
	keys, err := jwk.ReadFile(check.KeySetFile)
	check.keys = keys
	return err
}

// ServeHTTP checks the token of a request.
func (check *JWTCheck) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	token, err := jwt.ParseRequest(r, jwt.WithKeySet(check.keys), jwt.WithIssuer(check.Issuer),
		jwt.WithAudience(check.Audience))
	if err != nil {
		return caddyhttp.Error(http.StatusUnauthorized, err)
	}
	var plans []any
	path := strings.SplitN(r.URL.Path, "/", 5)
	if token.Get("service_plans", &plans) != nil || len(path) < 4 || !slices.Contains(plans, any(path[3])) {
		return caddyhttp.Error(http.StatusUnauthorized, nil)
	}
	return next.ServeHTTP(w, r)
}

func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	check := new(JWTCheck)
	return check, check.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads the directive.
func (check *JWTCheck) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.Args(&check.Issuer, &check.Audience, &check.KeySetFile) {
		return d.ArgErr()
	}
	return nil
}
