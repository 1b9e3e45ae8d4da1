import math

import numpy as np
import pytest
import torch

from tgsh import FlyNet, ImageDataset, NeuroModNet, ParameterError, RotationMNIST, TaskStream
from tgsh.benchmarks import SplitMNIST
from tgsh.datasets import normalise
from tgsh.extensions import (
    METHODS,
    InferredTasks,
    TaskScores,
    energy_score,
    entropy_score,
    fit_task_memory,
    infer_tasks,
    information_score,
    score_tasks,
)


def test_entropy_and_energy_worked_by_hand():
    logits = torch.tensor([[[0.0, 0.0]], [[100.0, 0.0]]])  # two contexts, one input, two classes
    assert entropy_score(logits).tolist() == [[pytest.approx(-math.log(2)), pytest.approx(0.0, abs=1e-6)]]
    assert energy_score(logits).tolist() == [[pytest.approx(math.log(2)), pytest.approx(100.0)]]


def test_information_worked_by_hand():
    sure = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    unsure = torch.tensor([0.5, 0.5])
    # one batch of two inputs; contexts: sure of two classes, sure of one, sure of none
    outputs = torch.stack([torch.stack([sure[i], sure[0], unsure]) for i in range(2)])[None]
    assert information_score(outputs).tolist() == [[pytest.approx(math.log(2)), 0.0, 0.0]]
    assert information_score(outputs[:, :1]).tolist() == [[0.0, 0.0, 0.0]]  # of one input, nothing


def test_outputs_are_compared_by_their_information():
    telling = torch.eye(4)[:, None]  # four inputs, four classes, each sure of its own
    silent = torch.eye(4)[torch.zeros(4, dtype=torch.long)][:, None]
    scores = [torch.cat([telling, silent], 1), torch.cat([silent, telling], 1)]
    assert infer_tasks(scores, 4).inferred.tolist() == [0, 1]


def test_manifold_score_is_the_cosine_with_the_centre(few):
    stream = RotationMNIST(few, n_tasks=3, step=90)
    net = FlyNet(3, width_mult=1)
    memory = fit_task_memory(net, stream)
    x = normalise(stream.images(0, "test")[0][:7])
    found = memory.manifold_score(net.features(x))
    for t in range(3):
        m = net.context_vectors()[t]
        r = torch.nn.functional.normalize(net.represent(normalise(stream.images(t, "train")[0]), m), dim=1)
        expected = torch.cosine_similarity(net.represent(x, m), r.mean(0)[None])
        assert torch.allclose(found[:, t], expected, atol=1e-4)


def test_gaussian_score_is_the_log_likelihood_of_a_mixture(few):
    stream = RotationMNIST(few, n_tasks=2, step=90)
    net = FlyNet(2, width_mult=1)
    memory = fit_task_memory(net, stream, n_units=5)
    u = [net.features(normalise(stream.images(t, "train")[0]))[:, :5].double() for t in range(2)]
    y = few.train_labels
    within = torch.cat([u[t][y == k] - u[t][y == k].mean(0) for t in range(2) for k in range(10)])
    covariance = within.T @ within / len(within)
    covariance += 1e-3 * covariance.diagonal().mean() * torch.eye(5)
    h = net.features(normalise(stream.images(1, "test")[0][:4]))
    log_p = torch.stack(
        [
            torch.stack(
                [
                    torch.distributions.MultivariateNormal(u[t][y == k].mean(0), covariance).log_prob(h[:, :5].double())
                    + (y == k).double().mean().log()
                    for k in range(10)
                ]
            ).logsumexp(0)
            for t in range(2)
        ],
        dim=1,
    )
    found = memory.gaussian_score(h)
    assert torch.allclose(found[:, 1] - found[:, 0], (log_p[:, 1] - log_p[:, 0]).float(), rtol=1e-3, atol=1e-3)


def planted() -> TaskStream:
    """Two tasks that share no pixel: one lights the upper half of the image, the other the lower."""

    class Half:
        def __init__(self, top: int) -> None:
            self.top, self.name = top, f"half {top}"

        def __call__(self, images):
            moved = torch.zeros_like(images)
            moved[:, self.top : self.top + 14] = images[:, :14]
            return moved

    source = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (200, 28, 28), generator=source).to(torch.uint8)
    labels = torch.arange(200) % 10
    return TaskStream(ImageDataset("planted", "planted", images, labels, images[:60], labels[:60]), [Half(0), Half(14)])


@pytest.mark.parametrize("method", ["manifold", "gaussian"])
def test_planted_tasks_are_inferred_exactly_from_one_image(method):
    stream = planted()
    net = FlyNet(2, width_mult=1)
    scored = score_tasks(net, stream, fit_task_memory(net, stream))
    assert infer_tasks(scored.scores[method], 1).exact == 1.0


def test_scores_are_those_of_the_network_under_each_context(few):
    stream = RotationMNIST(few, n_tasks=3, step=30)
    net = FlyNet(3, width_mult=1)
    scored = score_tasks(net, stream, fit_task_memory(net, stream), chunk=64)
    assert tuple(scored.scores) == METHODS
    images, labels = stream.images(1, "test")
    for c in range(3):
        assert torch.equal(scored.predicted[1][:, c], net(normalise(images), c).argmax(1))
    assert torch.equal(scored.labels[1], labels)
    assert all(scores[1].shape[:2] == (len(labels), 3) for scores in scored.scores.values())
    outputs = scored.scores["information"][1]
    assert torch.allclose(outputs[:, 2], net(normalise(images), 2).softmax(1), atol=1e-5)
    assert scored.direct_accuracy("gaussian") > 0.5  # a linear classifier of digits; guessing is 0.1


def test_tasks_need_not_have_the_same_classes_or_sizes(few):
    stream = SplitMNIST(few)
    net = FlyNet(5, width_mult=1)
    memory = fit_task_memory(net, stream)
    assert memory.task.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert memory.label.tolist() == list(range(10))
    scored = score_tasks(net, stream, memory)
    assert infer_tasks(scored.scores["gaussian"], 1).exact > 0.5
    assert sum(map(len, scored.labels)) == len(few.test_labels)


def test_scores_of_a_batch_add_up():
    # Alone, two images of task 0 in three look like task 1; together they do not.
    scores = [torch.tensor([[0.0, 1.0], [0.0, 1.0], [9.0, 0.0]]), torch.tensor([[0.0, 1.0]] * 3)]
    alone, together = infer_tasks(scores, 1), infer_tasks(scores, 3)
    assert alone.exact == pytest.approx(4 / 6)
    assert together.exact == 1.0
    assert together.task.tolist() == [0, 1]
    assert sorted(together.images[0].tolist()) == [0, 1, 2]
    assert [len(infer_tasks(scores, 2).task), len(alone.task)] == [2, 6]
    with pytest.raises(ParameterError, match=r"n must be a whole number from 1 to 3 \(the images"):
        infer_tasks(scores, 4)


def test_inferred_tasks_are_scored_by_distance_and_by_label():
    found = InferredTasks(torch.tensor([0, 1]), torch.tensor([0, 0]), torch.tensor([[0, 1], [1, 0]]))
    assert found.exact == 0.5
    assert found.distance(np.array([[0, 30], [30, 0]])).tolist() == [0, 30]
    predicted = [torch.tensor([[5, 0], [6, 0]]), torch.tensor([[7, 1], [8, 2]])]
    labels = [torch.tensor([5, 6]), torch.tensor([1, 8])]
    # Task 0 under its own context: both right. Task 1 under context 0: image 0 is taken for a 7, image 1 is an 8.
    assert found.label_accuracy(TaskScores({}, predicted, {}, labels)) == 0.75


def test_as_many_contexts_as_tasks(few):
    with pytest.raises(ParameterError, match="there are 2 contexts but 3 tasks"):
        fit_task_memory(FlyNet(2, width_mult=1), RotationMNIST(few, n_tasks=3))


def test_a_context_must_multiply_the_features(few):
    with pytest.raises(ParameterError, match=r"needs r = m \* features, as in Eq. 2; NeuroModNet has another r"):
        fit_task_memory(NeuroModNet(2, (20, 20)), RotationMNIST(few, n_tasks=2))
