// Writes JSON Schemas of the Kubernetes objects that infra/k8s uses, made from the Go types that the API server itself decodes into,
// and of custom resources from the CustomResourceDefinitions in their projects' own Go modules.
//
//	go run . -out FOLDER -crd FILE -crd FILE …
//
// A field without `omitempty` is required; unknown fields are refused. File names are those of kubeconform:
// <kind>-<group>-<version>.json in lower case, the group up to its first dot.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

type schema = map[string]any

type files []string

func (f *files) String() string         { return strings.Join(*f, ",") }
func (f *files) Set(value string) error { *f = append(*f, value); return nil }

// Kinds that the manifests may use, by group and version.
var kinds = map[string]any{
	"configmap-v1":                  corev1.ConfigMap{},
	"namespace-v1":                  corev1.Namespace{},
	"secret-v1":                     corev1.Secret{},
	"service-v1":                    corev1.Service{},
	"serviceaccount-v1":             corev1.ServiceAccount{},
	"deployment-apps-v1":            appsv1.Deployment{},
	"networkpolicy-networking-v1":   networkingv1.NetworkPolicy{},
	"poddisruptionbudget-policy-v1": policyv1.PodDisruptionBudget{},
}

// Types that are decoded by methods of their own, and so are no structs in YAML.
var special = map[reflect.Type]schema{
	reflect.TypeFor[resource.Quantity]():  {"anyOf": []schema{{"type": "string", "pattern": `^[+-]?[0-9.]+([eE][+-]?[0-9]+|[numkKMGTPE]i?)?$`}, {"type": "number"}}},
	reflect.TypeFor[intstr.IntOrString](): {"anyOf": []schema{{"type": "string"}, {"type": "integer"}}},
	reflect.TypeFor[metav1.Time]():        {"type": []string{"string", "null"}},
	reflect.TypeFor[metav1.MicroTime]():   {"type": []string{"string", "null"}},
	reflect.TypeFor[metav1.FieldsV1]():    {"type": "object"},
}

func schemaOf(t reflect.Type, definitions schema) schema {
	if found, ok := special[t]; ok {
		return found
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), definitions)
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return schema{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return schema{"type": "string"}
		}
		return schema{"type": "array", "items": schemaOf(t.Elem(), definitions)}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": schemaOf(t.Elem(), definitions)}
	case reflect.Struct:
		name := strings.ReplaceAll(t.PkgPath()+"."+t.Name(), "/", "_")
		if _, known := definitions[name]; !known {
			definitions[name] = nil
			definitions[name] = object(t, definitions)
		}
		return schema{"$ref": "#/definitions/" + name}
	}
	log.Fatalf("no schema for %v", t)
	return nil
}

func object(t reflect.Type, definitions schema) schema {
	properties, required := schema{}, []string{}
	fields(t, properties, &required, definitions)
	result := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		result["required"] = required
	}
	return result
}

func fields(t reflect.Type, properties schema, required *[]string, definitions schema) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			if field.Anonymous {
				fields(field.Type, properties, required, definitions)
			}
			continue
		}
		properties[name] = schemaOf(field.Type, definitions)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			*required = append(*required, name)
		}
	}
}

func write(folder, name string, content schema) {
	bytes, err := json.Marshal(content)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".json"), bytes, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// Closes every object whose fields a CRD lists, as the API server prunes or refuses what it does not.
func strict(node any) any {
	switch value := node.(type) {
	case map[string]any:
		for key, child := range value {
			value[key] = strict(child)
		}
		_, listed := value["properties"].(map[string]any)
		_, open := value["additionalProperties"]
		if listed && !open && value["x-kubernetes-preserve-unknown-fields"] != true {
			value["additionalProperties"] = false
		}
		if value["x-kubernetes-int-or-string"] == true {
			delete(value, "type")
		}
		return value
	case []any:
		for i, child := range value {
			value[i] = strict(child)
		}
	}
	return node
}

func crd(folder, file string) {
	bytes, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	var definition struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(bytes, &definition); err != nil {
		log.Fatal(err)
	}
	group, _, _ := strings.Cut(definition.Spec.Group, ".")
	for _, version := range definition.Spec.Versions {
		root := strict(version.Schema.OpenAPIV3Schema).(map[string]any)
		root["properties"].(map[string]any)["metadata"] = schema{"type": "object"}
		name := fmt.Sprintf("%s-%s-%s", definition.Spec.Names.Kind, group, version.Name)
		write(folder, strings.ToLower(name), root)
	}
}

func main() {
	var crds files
	out := flag.String("out", "", "folder for the schemas")
	flag.Var(&crds, "crd", "file of a CustomResourceDefinition; may be repeated")
	flag.Parse()
	for name, kind := range kinds {
		definitions := schema{}
		root := schemaOf(reflect.TypeOf(kind), definitions)
		write(*out, name, schema{"allOf": []schema{root}, "definitions": definitions})
	}
	for _, file := range crds {
		crd(*out, file)
	}
}
