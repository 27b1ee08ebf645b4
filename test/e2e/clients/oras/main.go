// Command oras asks a registry as oras-go does, on which oras, notation, ORAS-based artifact tools and Kargo's
// artifact sources are built.
//
//	oras resolve|fetch|tags|referrers <reference>
//	oras repositories <host>
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, operation, reference string) error {
	if operation == "repositories" {
		return listRepositories(ctx, reference)
	}
	repository, err := remote.NewRepository(reference)
	if err != nil {
		return err
	}
	repository.PlainHTTP = true
	// So that it follows Link.
	repository.TagListPageSize = 2
	repository.Client = client()
	switch operation {
	case "resolve":
		found, err := repository.Resolve(ctx, reference)
		return show(fmt.Sprintf("%s %d %s", found.Digest, found.Size, found.MediaType), err)
	case "fetch":
		return fetch(ctx, repository, reference)
	case "tags":
		return repository.Tags(ctx, "", printEach)
	case "referrers":
		return listReferrers(ctx, repository, reference)
	}
	return fmt.Errorf("oras %s: no such operation", operation)
}

func listRepositories(ctx context.Context, host string) error {
	registry, err := remote.NewRegistry(host)
	if err != nil {
		return err
	}
	registry.PlainHTTP = true
	registry.RepositoryListPageSize = 1
	registry.Client = client()
	return registry.Repositories(ctx, "", printEach)
}

func fetch(ctx context.Context, repository *remote.Repository, reference string) error {
	_, body, err := repository.FetchReference(ctx, reference)
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, body)
	return errors.Join(err, body.Close())
}

// listReferrers prints the digests of what refers to the reference: by the API, or by the tag that takes its place.
func listReferrers(ctx context.Context, repository *remote.Repository, reference string) error {
	subject, err := repository.Resolve(ctx, reference)
	if err != nil {
		return err
	}
	return repository.Referrers(ctx, subject, "", func(referrers []ocispec.Descriptor) error {
		for _, referrer := range referrers {
			fmt.Println(referrer.Digest)
		}
		return nil
	})
}

func client() *auth.Client {
	token := os.Getenv("TOKEN")
	if token == "" {
		return &auth.Client{}
	}
	return &auth.Client{Credential: func(context.Context, string) (auth.Credential, error) {
		return auth.Credential{Username: "anyone", Password: token}, nil
	}}
}

func printEach(names []string) error {
	for _, name := range names {
		fmt.Println(name)
	}
	return nil
}

func show(text string, err error) error {
	if err == nil {
		fmt.Print(text)
	}
	return err
}
