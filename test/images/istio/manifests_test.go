package images

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	extensions "istio.io/api/extensions/v1alpha1"
	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/validation"
	"istio.io/istio/pkg/config/validation/envoyfilter"
	"istio.io/istio/pkg/util/protomarshal"
	"google.golang.org/protobuf/proto"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// A manifest, as an API server gets it.
type manifestCase struct {
	Name string
	YAML string
}

// The schemas of a kind, which is served in one version each.
type kindSchema struct {
	structural *schema.Structural
	validator  crdvalidation.SchemaValidator
	cel        *cel.Validator
}

func splitYAML(text string) []string {
	return strings.Split("\n"+text, "\n---")
}

// The kinds of the files in CRD_FILES, by apiVersion and kind.
func loadSchemas(t *testing.T) map[string]kindSchema {
	t.Helper()
	schemas := map[string]kindSchema{}
	for _, file := range strings.Split(os.Getenv("CRD_FILES"), ":") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range splitYAML(string(text)) {
			var crd apiextensionsv1.CustomResourceDefinition
			if err := yaml.Unmarshal([]byte(part), &crd); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, version := range crd.Spec.Versions {
				addSchema(t, schemas, crd, version)
			}
		}
	}
	return schemas
}

func addSchema(
	t *testing.T,
	schemas map[string]kindSchema,
	crd apiextensionsv1.CustomResourceDefinition,
	version apiextensionsv1.CustomResourceDefinitionVersion,
) {
	t.Helper()
	kind := crd.Spec.Names.Kind
	var internal apiextensions.CustomResourceValidation
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(
		version.Schema, &internal, nil,
	); err != nil {
		t.Fatal(err)
	}
	structural, err := schema.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	validator, _, err := crdvalidation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		t.Fatal(err)
	}
	schemas[crd.Spec.Group+"/"+version.Name+"/"+kind] = kindSchema{
		structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit),
	}
}

// What an API server with the kinds' definitions has against it, in the order in which it looks, and then what istiod's webhook has.
func mistakes(text string, schemas map[string]kindSchema) []string {
	var object map[string]any
	if err := yaml.UnmarshalStrict([]byte(text), &object); err != nil {
		return []string{err.Error()}
	}
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	known, ok := schemas[apiVersion+"/"+kind]
	if !ok {
		return []string{"no kind " + apiVersion + "/" + kind}
	}
	found := []string{}
	copied := deepCopy(object)
	options := schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	for _, path := range pruning.PruneWithOptions(copied, known.structural, true, options) {
		found = append(found, "unknown field: "+path)
	}
	var errors field.ErrorList
	errors = append(errors, crdvalidation.ValidateCustomResource(nil, object, known.validator)...)
	errors = append(errors, listtype.ValidateListSetsAndMaps(nil, known.structural, object)...)
	if known.cel != nil {
		rules, _ := known.cel.Validate(
			context.Background(), nil, known.structural, object, nil, celconfig.RuntimeCELCostBudget,
		)
		errors = append(errors, rules...)
	}
	for _, err := range errors {
		found = append(found, err.Error())
	}
	if len(found) == 0 {
		found = append(found, webhookMistakes(kind, object)...)
	}
	return found
}

func deepCopy(object map[string]any) map[string]any {
	text, _ := json.Marshal(object)
	var copied map[string]any
	_ = json.Unmarshal(text, &copied)
	return copied
}

func webhookMistakes(kind string, object map[string]any) []string {
	var spec proto.Message
	var validate validation.ValidateFunc
	switch kind {
	case "WasmPlugin":
		spec, validate = &extensions.WasmPlugin{}, validation.ValidateWasmPlugin
	case "TrafficExtension":
		spec, validate = &extensions.TrafficExtension{}, validation.ValidateTrafficExtension
	case "EnvoyFilter":
		spec, validate = &networking.EnvoyFilter{}, envoyfilter.ValidateEnvoyFilter
	default:
		return nil
	}
	text, _ := json.Marshal(object["spec"])
	if err := protomarshal.ApplyJSONStrict(string(text), spec); err != nil {
		return []string{err.Error()}
	}
	warning, err := validate(config.Config{Meta: config.Meta{Name: "plugin", Namespace: "shop"}, Spec: spec})
	found := []string{}
	if warning != nil {
		found = append(found, "warning: "+warning.Error())
	}
	if err != nil {
		found = append(found, err.Error())
	}
	return found
}

func TestManifests(t *testing.T) {
	var cases []manifestCase
	readJSON(t, "MANIFESTS", &cases)
	schemas := loadSchemas(t)
	outcomes := map[string][]string{}
	for _, c := range cases {
		outcomes[c.Name] = mistakes(c.YAML, schemas)
	}
	writeJSON(t, "MANIFEST_OUTCOMES", outcomes)
}
