// Reads manifests from standard input and holds those of the Prometheus Operator to its own Go types: no field that there is
// not, and none of another kind. Says how many there were; others are left alone.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

func main() {
	documents := yaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	seen := 0
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = check(document, &seen)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "monitoring:", err)
			os.Exit(1)
		}
	}
	fmt.Printf("monitoring: %d fit\n", seen)
}

func check(document []byte, seen *int) error {
	var kind struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := strict.Unmarshal(document, &kind); err != nil {
		return err
	}
	if kind.APIVersion != monitoring.SchemeGroupVersion.String() {
		return nil
	}
	*seen++
	switch kind.Kind {
	case monitoring.ServiceMonitorsKind:
		return strict.UnmarshalStrict(document, &monitoring.ServiceMonitor{})
	case monitoring.PrometheusRuleKind:
		return strict.UnmarshalStrict(document, &monitoring.PrometheusRule{})
	}
	return fmt.Errorf("%s is not known here", kind.Kind)
}
