// Command rate sends batches at a fixed rate, whether or not answers come back, and prints
// how long they took as JSON.
//
// The schedule is fixed before the run and a request never waits for another (an open loop),
// and latency counts from the moment at which the request was due. A stall of the server
// therefore shows in every request that was due during it (no coordinated omission). All
// latencies are kept, so percentiles are exact.
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
	// How late the generator itself was: the part of the latency that is not the server's.
	LateP99Ms float64 `json:"lateP99Ms"`
}

// failed marks a request without the expected answer.
const failed = time.Duration(-1)

func main() {
	base := flag.String("url", "", "base URL")
	targetsFile := flag.String("targets", "", "file of lines \"plan <tab> token\"")
	bodyFile := flag.String("body", "", "file that holds the request body")
	rate := flag.Float64("rate", 1000, "requests per second")
	seconds := flag.Float64("seconds", 10, "measured time")
	settle := flag.Float64("settle", 2, "time before that, not measured")
	expect := flag.Int("expect", 201, "the status that counts as an answer")
	flag.Parse()
	debug.SetGCPercent(800) // a few megabytes of garbage matter less than a pause

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

// sender returns a function that reports whether a request got the expected answer, whole.
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

// pace calls send count times at the rate, each time in a goroutine of its own, and returns
// the time from when each was due to its end, and to its start.
func pace(count int, rate float64, send func(int) bool) (latency, late []time.Duration) {
	// Go's own timers are a millisecond coarse here; a sleeping thread wakes in 60 µs.
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
