// Command containerd asks a mirror as containerd's resolver does, and falls back to the registry as containerd does.
//
//	containerd resolve|fetch <mirror> <registry> <reference>
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/containerd/containerd/v2/core/remotes/docker"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, operation, mirror, registry, reference string) error {
	resolver := docker.NewResolver(docker.ResolverOptions{Hosts: hosts(mirror, registry)})
	name, descriptor, err := resolver.Resolve(ctx, reference)
	if err != nil {
		return err
	}
	switch operation {
	case "resolve":
		_, err = fmt.Printf("%s %d %s", descriptor.Digest, descriptor.Size, descriptor.MediaType)
		return err
	case "fetch":
		fetcher, err := resolver.Fetcher(ctx, name)
		if err != nil {
			return err
		}
		body, err := fetcher.Fetch(ctx, descriptor)
		if err != nil {
			return err
		}
		_, err = io.Copy(os.Stdout, body)
		return errors.Join(err, body.Close())
	}
	return fmt.Errorf("containerd %s: no such operation", operation)
}

// hosts is what hosts.toml makes of a mirror with the capabilities pull and resolve, and of the registry as server.
func hosts(mirror, registry string) docker.RegistryHosts {
	authorizer := docker.NewDockerAuthorizer(docker.WithAuthCreds(func(string) (string, string, error) {
		return "anyone", os.Getenv("TOKEN"), nil
	}))
	return func(string) ([]docker.RegistryHost, error) {
		capabilities := docker.HostCapabilityPull | docker.HostCapabilityResolve
		made := []docker.RegistryHost{}
		for _, host := range []string{mirror, registry} {
			if host != "-" {
				made = append(made, docker.RegistryHost{
					Host: host, Scheme: "http", Path: "/v2", Capabilities: capabilities, Authorizer: authorizer,
				})
			}
		}
		return made, nil
	}
}
