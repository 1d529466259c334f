/* Radius and minimal perturbation of a 1-nearest-neighbour prediction on a line: "left" at -1, "right" at 3, query at
 * 0. The boundary is at 1. Then the model goes to a file, which Python's load_model reads, and comes back. */
#include <math.h>
#include <robust_metric/robust_metric.h>
#include <stdio.h>

static int check(robust_metric_status status) {
    if (status != ROBUST_METRIC_OK) fprintf(stderr, "error %d: %s\n", (int)status, robust_metric_last_error());
    return status == ROBUST_METRIC_OK;
}

static int stop(size_t done, void* polls) {
    (void)done;
    ++*(int*)polls;
    return 0;
}

int main(int argc, char** argv) {
    const double points[] = {-1.0, 3.0}, query[] = {0.0};
    const int32_t labels[] = {0, 1};
    const char* names[] = {"left", "right"};
    const char* path = argc > 1 ? argv[1] : "embed_c.npz";
    robust_metric_parts parts;
    robust_metric_options options;
    robust_metric_model *made = NULL, *model = NULL;
    robust_metric_perturbation found;
    double radius = 0.0, step = 0.0;
    int32_t label = -1;
    int polls = 0;

    robust_metric_parts_init(&parts, sizeof parts);
    parts.n_points = 2;
    parts.n_features = 1;
    parts.points = points;
    parts.labels = labels;
    parts.n_classes = 2;
    parts.class_names = names;
    if (!check(robust_metric_create(&parts, NULL, &made)) || !check(robust_metric_save(made, path))) return 1;
    robust_metric_free(made);

    robust_metric_options_init(&options, sizeof options);
    options.keep_going = stop; /* this work ends long before it is asked */
    options.user_data = &polls;
    if (!check(robust_metric_load(path, &options, &model))) return 1;
    if (!check(robust_metric_certify(model, query, 1, NULL, &options, &radius, &label))) return 1;
    if (!check(robust_metric_minimal_perturbations(model, query, 1, NULL, INFINITY, NULL, &found, &step))) return 1;
    printf("robust_metric %s: class %s, radius %.12g, witness at %.12g of class %s\n", robust_metric_version(),
           robust_metric_class_name(model, label), radius, query[0] + step,
           robust_metric_class_name(model, found.adversarial_label));

    /* what does not fit is told, not done */
    if (robust_metric_predict(model, NULL, 1, NULL, &label) != ROBUST_METRIC_INVALID_ARGUMENT) return 1;
    printf("refused: %s\n", robust_metric_last_error());
    robust_metric_free(model);
    return radius <= 1.0 && radius > 1.0 - 1e-9 && found.lower <= found.upper && found.status == ROBUST_METRIC_EXACT &&
                   found.adversarial_label == 1
               ? 0
               : 1;
}
