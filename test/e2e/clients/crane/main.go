// Command crane asks a registry as go-containerregistry does, on which crane, Flux, ko and others are built.
//
//	crane digest|manifest|list <reference>
//	crane catalog <host>
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(operation, reference string) error {
	options := []crane.Option{crane.Insecure, crane.WithAuth(credentials()), inSmallPages}
	switch operation {
	case "digest":
		return show(crane.Digest(reference, options...))
	case "manifest":
		body, err := crane.Manifest(reference, options...)
		return show(string(body), err)
	case "list":
		tags, err := crane.ListTags(reference, options...)
		return show(strings.Join(tags, "\n"), err)
	case "catalog":
		names, err := crane.Catalog(reference, options...)
		return show(strings.Join(names, "\n"), err)
	}
	return fmt.Errorf("crane %s: no such operation", operation)
}

// inSmallPages makes it follow Link.
func inSmallPages(options *crane.Options) {
	options.Remote = append(options.Remote, remote.WithPageSize(2))
}

func credentials() authn.Authenticator {
	token := os.Getenv("TOKEN")
	if token == "" {
		return authn.Anonymous
	}
	return &authn.Basic{Username: "anyone", Password: token}
}

func show(text string, err error) error {
	if err == nil {
		fmt.Print(text)
	}
	return err
}
