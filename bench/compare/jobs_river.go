// River's part of jobs.sh: jobs_river PATH PHASE COUNT NUMBER, as jobs_run.cc.
//
// One connection, as riversqlite's documentation asks for, and WAL with synchronous = FULL. It looks for jobs as often as
// it may, each millisecond; by itself it would ten times a second. It notes ends in batches, some time after they were.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	_ "modernc.org/sqlite"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

const batch = 1000

type nothingArgs struct {
	I int `json:"i"`
}

func (nothingArgs) Kind() string { return "nothing" }

type nothingWorker struct {
	river.WorkerDefaults[nothingArgs]
}

func (nothingWorker) Work(context.Context, *river.Job[nothingArgs]) error { return nil }

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func enqueue(ctx context.Context, client *river.Client[*sql.Tx], count int) {
	for i := range count {
		_, err := client.Insert(ctx, nothingArgs{i}, nil)
		must(err)
	}
}

func enqueueBatch(ctx context.Context, client *river.Client[*sql.Tx], count int) {
	for at := 0; at < count; at += batch {
		jobs := make([]river.InsertManyParams, min(batch, count-at))
		for i := range jobs {
			jobs[i] = river.InsertManyParams{Args: nothingArgs{at + i}}
		}
		_, err := client.InsertMany(ctx, jobs)
		must(err)
	}
}

func run(ctx context.Context, client *river.Client[*sql.Tx], count int) {
	ends, cancel := client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: 2*count + 1000, Kinds: []river.EventKind{river.EventKindJobCompleted}})
	defer cancel()
	must(client.Start(ctx))
	for range count {
		<-ends
	}
}

func main() {
	path, phase := os.Args[1], os.Args[2]
	count, err := strconv.Atoi(os.Args[3])
	must(err)
	number, err := strconv.Atoi(os.Args[4])
	must(err)
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+path+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_txlock=immediate")
	must(err)
	db.SetMaxOpenConns(1)
	driver := riversqlite.New(db)
	if phase == "setup" {
		migrator, err := rivermigrate.New(driver, nil)
		must(err)
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		must(err)
		fmt.Println(`{"seconds": 0, "done": 0}`)
		return
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &nothingWorker{})
	client, err := river.NewClient(driver, &river.Config{
		FetchCooldown:     time.Millisecond,
		FetchPollInterval: time.Millisecond,
		Logger:            slog.New(slog.NewTextHandler(io.Discard, nil)),
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: max(number, 1)}},
		Workers:           workers,
	})
	must(err)
	begun := time.Now()
	switch phase {
	case "enqueue":
		enqueue(ctx, client, count)
	case "enqueue-batch":
		enqueueBatch(ctx, client, count)
	case "run":
		run(ctx, client, count)
	}
	fmt.Printf("{\"seconds\": %.6f, \"done\": %d}\n", time.Since(begun).Seconds(), count)
	if phase == "run" {
		must(client.Stop(ctx))
	}
}
