// A complete client in Go, standard library only: it resumes after restarts, drops what comes twice, and never gives
// up. To use it in a program, copy it and call Follow. As a program it prints the changes:
//
//	MANIFEED_URL=https://gateway.example.com go run examples/clients/client.go -state position nginx
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Change is one entry of the ledger (PROTOCOL.md, section 2).
type Change struct {
	Position, Type, Registry, Repository string
	Tag, Digest, PreviousDigest          *string
}

// Event is what a handler gets. Kind is "change", "state", "ready" or "reset"; Data is its JSON.
type Event struct {
	Kind   string
	Change Change
	Data   json.RawMessage
}

// Client follows a gateway over Server-Sent Events.
type Client struct {
	// URL of the gateway; Query has the parameters of PROTOCOL.md, section 3.
	URL   string
	Query url.Values
	// Token gives the token of each connection; nil: none.
	Token func() (string, error)
	// Position is where it begins, and Save keeps it once an event is processed; nil: nowhere.
	Position string
	Save     func(position string) error

	seen     map[string]bool // positions above the resume position: a reconnect repeats them
	newest   int64           // the highest sequence of them
	failures int
	readyAt  time.Time
}

// Refusal ends the following: the same request cannot succeed.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return "the gateway refused: " + r.Reason }

// later is a failure after which the gateway says when to come back.
type later struct{ wait time.Duration }

func (l *later) Error() string { return "come back later" }

const (
	longestWait  = time.Minute
	firstSilence = time.Minute // until `ready` says how often the gateway's heart beats
	mostSeen     = 10_000
)

// Follow calls handle for each event until ctx ends, handle fails, or the gateway refuses for good.
func (c *Client) Follow(ctx context.Context, handle func(Event) error) error {
	for {
		err := c.connect(ctx, handle)
		var refusal *Refusal
		var stopped *handlerError
		if errors.As(err, &refusal) || errors.As(err, &stopped) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(c.wait(err)):
		}
	}
}

type handlerError struct{ error }

// wait is what the gateway asks for, or a random time that doubles up to a minute. A good connection lasts 10 s.
func (c *Client) wait(err error) time.Duration {
	if !c.readyAt.IsZero() && time.Since(c.readyAt) >= 10*time.Second {
		c.failures = 0
	}
	c.readyAt = time.Time{}
	longest := min(time.Second<<min(c.failures, 6), longestWait)
	c.failures++
	var asked *later
	if errors.As(err, &asked) && asked.wait > 0 {
		return min(asked.wait, 10*time.Minute)
	}
	return rand.N(longest)
}

// connect serves one connection. It always ends with an error.
func (c *Client) connect(ctx context.Context, handle func(Event) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := firstSilence
	silent := time.AfterFunc(silence, cancel)
	defer silent.Stop()
	response, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	fields := map[string]string{}
	for lines.Scan() {
		silent.Reset(silence)
		if name, value, _ := strings.Cut(lines.Text(), ":"); lines.Text() != "" {
			fields[name] = strings.TrimPrefix(value, " ")
			continue
		}
		heartbeat, err := c.event(fields, handle) // An empty line ends an event.
		if err != nil {
			return err
		}
		if heartbeat > 0 {
			silence = 3 * heartbeat
		}
		clear(fields)
	}
	return errors.Join(errors.New("the connection was lost"), lines.Err())
}

func (c *Client) open(ctx context.Context) (*http.Response, error) {
	query := url.Values{}
	for name, values := range c.Query {
		query[name] = values
	}
	if c.Position != "" {
		query.Set("after", c.Position)
	}
	address := strings.TrimRight(c.URL, "/") + "/v1/events?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &Refusal{err.Error()}
	}
	request.Header.Set("Accept", "text/event-stream")
	if c.Token != nil {
		token, err := c.Token()
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode == http.StatusOK {
		return response, err
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	isLater := response.StatusCode >= 500 || response.StatusCode == 408 || response.StatusCode == 429
	// Anything else than the gateway's own words is a proxy's page, which may be gone later.
	if !isLater && strings.HasPrefix(string(body), `{"errors"`) {
		return nil, &Refusal{fmt.Sprintf("%d %s", response.StatusCode, body)}
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return nil, &later{time.Duration(seconds) * time.Second}
}

// event handles one event, and then moves the position. It returns the time between heartbeats, if the event tells it.
func (c *Client) event(fields map[string]string, handle func(Event) error) (time.Duration, error) {
	resume, data, kind := fields["id"], json.RawMessage(fields["data"]), fields["event"]
	var heartbeat time.Duration
	if kind == "" && len(data) > 0 {
		kind = "change"
	}
	event := Event{Kind: kind, Data: data}
	var told struct{ RetryMs, HeartbeatMs int64 }
	switch kind {
	case "change":
		if err := json.Unmarshal(data, &event.Change); err != nil {
			return 0, err
		}
		if c.repeats(event.Change.Position, resume) {
			event.Kind = ""
		}
	case "reset":
		c.forget()
	case "ready":
		c.readyAt = time.Now()
		_ = json.Unmarshal(data, &told)
		heartbeat = time.Duration(told.HeartbeatMs) * time.Millisecond
	case "bye":
		_ = json.Unmarshal(data, &told)
		return 0, &later{time.Duration(told.RetryMs) * time.Millisecond}
	case "state":
	default: // a bookmark, or an event of a later version
		event.Kind = ""
	}
	if event.Kind != "" {
		if err := handle(event); err != nil {
			return 0, &handlerError{err}
		}
	}
	return heartbeat, c.move(resume)
}

// repeats says whether a change was handled before, and remembers it if its position is above the resume position.
func (c *Client) repeats(position, resume string) bool {
	if c.seen[position] {
		return true
	}
	if position == resume || len(c.seen) >= mostSeen {
		return false
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[position] = true
	c.newest = max(c.newest, sequence(position))
	return false
}

func (c *Client) move(resume string) error {
	if resume == "" {
		return nil
	}
	c.Position = resume
	if len(c.seen) > 0 && sequence(resume) >= c.newest {
		c.forget()
	}
	if c.Save == nil {
		return nil
	}
	if err := c.Save(resume); err != nil {
		return &handlerError{err}
	}
	return nil
}

func (c *Client) forget() {
	clear(c.seen)
	c.newest = 0
}

func sequence(position string) int64 {
	_, text, _ := strings.Cut(position, "-")
	number, _ := strconv.ParseInt(text, 10, 64)
	return number
}

func main() {
	state := flag.String("state", "", "a file that keeps the position")
	flag.Parse()
	client := &Client{URL: "http://127.0.0.1:8080", Query: url.Values{"repository": flag.Args()}}
	if value := os.Getenv("MANIFEED_URL"); value != "" {
		client.URL = value
	}
	if token := os.Getenv("MANIFEED_TOKEN"); token != "" {
		client.Token = func() (string, error) { return token, nil }
	}
	if *state != "" {
		saved, err := os.ReadFile(*state)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			fail(err)
		}
		client.Position = strings.TrimSpace(string(saved))
		client.Save = func(position string) error { return replace(*state, position+"\n") }
	}
	fail(client.Follow(context.Background(), show))
}

func show(event Event) error {
	switch event.Kind {
	case "change":
		change := event.Change
		fmt.Printf("%s %s/%s:%s %s\n", change.Type, change.Registry, change.Repository, text(change.Tag), text(change.Digest))
	case "reset":
		fmt.Fprintf(os.Stderr, "Changes are missing: look at the tags. %s\n", event.Data)
	}
	return nil
}

func text(value *string) string {
	if value == nil {
		return "-"
	}
	return *value
}

// replace writes a file beside the path and renames it, so the path always has the text before or after.
func replace(path, text string) error {
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
