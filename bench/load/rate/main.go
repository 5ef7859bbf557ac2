// Command rate sends batches at a fixed rate, independent of the responses, and prints the latencies
// as JSON.
//
// The schedule is fixed before the run, a request never waits for another one (open loop), and its
// latency is measured from its scheduled time. A stall of the server therefore affects all requests
// scheduled during it (no coordinated omission). All latencies are kept: percentiles are exact.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

type target struct{ url, authorization string }

type result struct {
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	Failed   int     `json:"failed"`
	P50Ms    float64 `json:"p50Ms"`
	P99Ms    float64 `json:"p99Ms"`
	P999Ms   float64 `json:"p999Ms"`
	// Delay of the generator itself, which is included in the latencies.
	LateP99Ms float64 `json:"lateP99Ms"`
}

// failed marks a request without the expected response.
const failed = time.Duration(-1)

func main() {
	base := flag.String("url", "", "base URL")
	targetsFile := flag.String("targets", "", "file of lines \"plan <tab> token\"")
	bodyFile := flag.String("body", "", "file that holds the request body")
	rate := flag.Float64("rate", 1000, "requests per second")
	seconds := flag.Float64("seconds", 10, "measured time")
	settle := flag.Float64("settle", 2, "time before that, not measured")
	expect := flag.Int("expect", 201, "expected status")
	flag.Parse()
	debug.SetGCPercent(800) // fewer garbage collection pauses, for some megabytes of memory

	targets, err := readTargets(*base, *targetsFile)
	if err != nil {
		log.Fatal(err)
	}
	body, err := os.ReadFile(*bodyFile)
	if err != nil {
		log.Fatal(err)
	}
	send := sender(body, *expect)
	pace(int(*settle**rate), *rate, func(i int) bool { return send(targets[i%len(targets)]) })
	latency, late := pace(int(*seconds**rate), *rate, func(i int) bool {
		return send(targets[i%len(targets)])
	})
	json.NewEncoder(os.Stdout).Encode(summarize(latency, late, *seconds))
}

func readTargets(base, path string) ([]target, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var targets []target
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		plan, token, _ := strings.Cut(lines.Text(), "\t")
		targets = append(targets, target{base + "/xms/v1/" + plan + "/batches", "Bearer " + token})
	}
	return targets, lines.Err()
}

// sender returns a function that reports whether a request got the complete expected response.
func sender(body []byte, expect int) func(target) bool {
	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 1024,
			DisableCompression:  true,
		},
	}
	return func(to target) bool {
		request, err := http.NewRequest("POST", to.url, bytes.NewReader(body))
		if err != nil {
			return false
		}
		request.Header.Set("Authorization", to.authorization)
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return err == nil && response.StatusCode == expect
	}
}

// pace calls send count times at the given rate, each time in a new goroutine. For each call it
// returns the time from its scheduled time to its end (latency) and to its start (late).
func pace(count int, rate float64, send func(int) bool) (latency, late []time.Duration) {
	// Go's timers have a resolution of 1 ms on this platform; nanosleep is precise to 60 µs.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	latency, late = make([]time.Duration, count), make([]time.Duration, count)
	interval := time.Duration(float64(time.Second) / rate)
	var running sync.WaitGroup
	start := time.Now()
	for i := range latency {
		due := start.Add(time.Duration(i) * interval)
		if wait := time.Until(due); wait > 0 {
			pause := syscall.NsecToTimespec(wait.Nanoseconds())
			syscall.Nanosleep(&pause, nil)
		}
		running.Add(1)
		go func(i int) {
			defer running.Done()
			late[i] = time.Since(due)
			latency[i] = failed
			if send(i) {
				latency[i] = time.Since(due)
			}
		}(i)
	}
	running.Wait()
	return latency, late
}

func summarize(latency, late []time.Duration, seconds float64) result {
	answered := slices.DeleteFunc(slices.Clone(latency), func(d time.Duration) bool {
		return d == failed
	})
	slices.Sort(answered)
	slices.Sort(late)
	return result{
		Requests:  len(latency),
		Seconds:   seconds,
		Failed:    len(latency) - len(answered),
		P50Ms:     percentile(answered, 0.50),
		P99Ms:     percentile(answered, 0.99),
		P999Ms:    percentile(answered, 0.999),
		LateP99Ms: percentile(late, 0.99),
	}
}

func percentile(sorted []time.Duration, quantile float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	index := min(int(quantile*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[index]) / float64(time.Millisecond)
}
