"""Rules of the verdicts of "Comparing and carrying over": quantity in words, relation, threshold."""

RULES = {
    "comparing-and-carrying-over": {
        "relative_names": ("mean error of angles named in relative coordinates, in degrees, 6 anchors", "<", 5),
        "absolute_is_chance": ("mean error of named angles in degrees, over pairs of networks; guessing: 90", ">", 70),
        "second_network_helps": ("error of naming with a second network less without it, in degrees", "<", 0),
        "carried_is_as_good": ("accuracy of a context made without training, less that of a trained one", ">", -0.02),
        "unrelated_is_guessing": ("accuracy of contexts of another network as they are", "<", 0.2),
        "stitching_works": ("accuracy of a classifier in another network less that in its own", ">", -0.05),
        "units_are_independent": ("distance from -1/2 of the exponent of the error over the units", "<", 0.1),
        "few_units_suffice": ("correlation with another network's similarity matrix, from 100 units", ">", 0.8),
        "shuffled_is_zero": ("CKA of representations of shuffled images, 10 images", "<", 0.2),
        "images_reach_ceiling": ("correlation of images alone with contexts, less the lower noise ceiling", ">", -0.05),
        "renaming_defeats": ("correlation of images alone with contexts, half of the classes renamed", "<", 0.5),
        "labels_follow": ("correlation of class templates with contexts, half of the classes renamed", ">", 0.8),
        "beyond_the_angle": ("share of the error of the mere angle that markers remove", ">", 0.05),
        "beyond_own_accuracy": ("the same with own accuracy and geometry, less with own accuracy alone", ">", 0),
        "generator_beats_kriging": ("accuracy of generated contexts less that of kriging, known network", ">", 0),
        "generated_is_better_than_controls": ("accuracy of generated contexts, less the better control", ">", 0.2),
    },
}
