// Reads dashboards by Grafana's own schema: a field that it does not know, or of another type, is a fault; so are panels of
// one id, or that lie over one another.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// gridWidth is the number of columns that Grafana lays panels out in.
const gridWidth = 24

func check(path string) error {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var board dashboard.Dashboard
	// The generated code gives an empty list of faults for none, and then keeps no panel: so it is read twice.
	if err := new(dashboard.Dashboard).UnmarshalJSONStrict(bytes); err != nil && err.Error() != "" {
		return err
	}
	if err := json.Unmarshal(bytes, &board); err != nil {
		return err
	}
	if err := board.Validate(); err != nil && err.Error() != "" {
		return err
	}
	queries, taken, ids := 0, map[[2]uint32]bool{}, map[uint32]bool{}
	for _, one := range board.Panels {
		id, place := uint32(0), (*dashboard.GridPos)(nil)
		if one.Panel != nil {
			id, place = *one.Panel.Id, one.Panel.GridPos
			queries += len(one.Panel.Targets)
			if one.Panel.Type != "text" && (one.Panel.Description == nil || *one.Panel.Description == "" || one.Panel.FieldConfig == nil || one.Panel.FieldConfig.Defaults.Unit == nil) {
				return fmt.Errorf("panel %d has no description or no unit", id)
			}
		} else {
			id, place = one.RowPanel.Id, one.RowPanel.GridPos
		}
		if ids[id] {
			return fmt.Errorf("two panels have the id %d", id)
		}
		ids[id] = true
		if place == nil || place.X+place.W > gridWidth {
			return fmt.Errorf("panel %d has no place in the grid", id)
		}
		for x := place.X; x < place.X+place.W; x++ {
			for y := place.Y; y < place.Y+place.H; y++ {
				if taken[[2]uint32{x, y}] {
					return fmt.Errorf("panel %d lies over another", id)
				}
				taken[[2]uint32{x, y}] = true
			}
		}
	}
	if queries == 0 {
		return fmt.Errorf("no query")
	}
	fmt.Printf("%s: %d panels and rows, %d queries\n", path, len(board.Panels), queries)
	return nil
}

func main() {
	plugins.RegisterDefaultPlugins()
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
	}
}
