//go:build tools

// Package tools imports Jaeger, so that go.mod keeps it as a dependency.
package tools

import _ "github.com/jaegertracing/jaeger/cmd/jaeger"
