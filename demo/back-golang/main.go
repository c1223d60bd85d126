// back-golang: the first service of the chain. GET /jump passes the jump on to the next service with POST /jump and answers
// with what that said. stand-in.ts is the same service for machines without Go.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"time"
)

// answer is what the next service says.
type answer struct {
	Message string `json:"message"`
}

var client = http.Client{Timeout: 5 * time.Second}

func main() {
	log.SetFlags(0)
	next := setting("NEXT", "http://localhost:5000")
	http.HandleFunc("/jump", func(response http.ResponseWriter, request *http.Request) {
		logRequest(request)
		if request.Method != http.MethodGet {
			response.Header().Set("Allow", http.MethodGet)
			http.Error(response, "only GET", http.StatusMethodNotAllowed)
			return
		}
		jump(response, next)
	})
	address := net.JoinHostPort(os.Getenv("HOST"), setting("PORT", "8080"))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatalf("back-golang cannot listen: %v", err)
	}
	log.Printf("back-golang listens on port %d", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func logRequest(request *http.Request) {
	// One write, so that the lines of requests at the same time do not mix.
	lines := []string{"Host: " + request.Host}
	for name, values := range request.Header {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	sort.Strings(lines)
	log.Printf("Received %s %s\n  %s", request.Method, request.URL.Path, strings.Join(lines, "\n  "))
}

// jump writes the next service's status and message, or 502 when there is none.
func jump(response http.ResponseWriter, next string) {
	code, message, err := call(next)
	status := http.StatusOK
	if err != nil {
		log.Printf("the jump failed: %v", err)
		code, message, status = http.StatusBadGateway, err.Error(), http.StatusBadGateway
	}
	response.Header().Set("Content-Type", "text/plain; charset=utf-8")
	response.WriteHeader(status)
	fmt.Fprintf(response, "JumpResponse[code: %d ,message: %s]", code, message)
}

func call(next string) (int, string, error) {
	response, err := client.Post(next+"/jump", "application/json", bytes.NewBufferString("{}"))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	var said answer
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		return 0, "", fmt.Errorf("the answer of %s is not JSON: %w", next, err)
	}
	return response.StatusCode, said.Message, nil
}
