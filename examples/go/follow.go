// Follows a repository over Server-Sent Events. Needs only Go: go run examples/go/follow.go nginx
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

type change struct{ Type, Registry, Repository, Tag, Digest string }

var errRefused = errors.New("the gateway refused")

// The state of the program. Save the position to continue from here after a restart.
var (
	position = ""
	retry    = 2 * time.Second
	failures = 0
)

func main() {
	gateway, repository := "http://127.0.0.1:8080", "nginx"
	if value := os.Getenv("MANIFEED_URL"); value != "" {
		gateway = value
	}
	if len(os.Args) > 1 {
		repository = os.Args[1]
	}
	address := gateway + "/v1/events?" + url.Values{"repository": {repository}}.Encode()
	for {
		err := follow(address)
		if errors.Is(err, errRefused) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		longest := min(retry<<min(failures, 5), time.Minute)
		time.Sleep(retry/2 + time.Duration(rand.Int63n(int64(longest))))
		failures++
	}
}

func follow(address string) error {
	request, err := http.NewRequest("GET", address, nil)
	if err != nil {
		return errors.Join(errRefused, err)
	}
	request.Header.Set("Accept", "text/event-stream")
	if position != "" {
		request.Header.Set("Last-Event-ID", position)
	}
	if token := os.Getenv("MANIFEED_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 && response.StatusCode < 500 {
		return fmt.Errorf("%w: %s", errRefused, response.Status)
	}
	silent := time.AfterFunc(75*time.Second, func() { response.Body.Close() })
	defer silent.Stop()
	lines, event := bufio.NewScanner(response.Body), map[string]string{}
	for lines.Scan() {
		if field, value, _ := strings.Cut(lines.Text(), ": "); field != "" {
			event[field] = value
			continue
		}
		handle(event) // An empty line ends an event.
		clear(event)
		silent.Reset(75 * time.Second)
	}
	return lines.Err()
}

func handle(event map[string]string) {
	data := event["data"]
	switch event["event"] {
	case "":
		var moved change
		if json.Unmarshal([]byte(data), &moved) == nil {
			fmt.Printf("%s %s/%s:%s %s\n", moved.Type, moved.Registry, moved.Repository, moved.Tag, moved.Digest)
		}
	case "ready":
		failures = 0
	case "reset":
		fmt.Fprintln(os.Stderr, "Changes are missing: look at the tags.", data)
	}
	if id := event["id"]; id != "" {
		position = id
	}
	if wait, err := strconv.Atoi(event["retry"]); err == nil {
		retry = time.Duration(wait) * time.Millisecond
	}
}
