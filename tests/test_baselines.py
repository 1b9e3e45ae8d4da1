import torch

from tgsh import FlyNet, Recipe, RotationMNIST, TaskStream, train_stream
from tgsh.benchmarks import Mixed
from tgsh.training import train_in_sequence, train_jointly


def test_in_sequence_each_task_starts_where_the_last_one_ended(few):
    stream, recipe = RotationMNIST(few, n_tasks=2, step=90), Recipe(epochs=2)
    contexts = train_in_sequence(FlyNet(1, width_mult=1), stream, recipe, device="cpu")
    by_hand = FlyNet(1, width_mult=1)
    train_stream(by_hand, TaskStream(few, [stream[0]]), recipe, device="cpu", progress=False)
    assert torch.equal(contexts[0], by_hand.context_vector(0))
    train_stream(by_hand, TaskStream(few, [stream[1]]), recipe, device="cpu", progress=False)
    assert torch.equal(contexts[1], by_hand.context_vector(0))


def test_jointly_learned_context_serves_both_tasks(few):
    stream, net = RotationMNIST(few, n_tasks=2, step=180), FlyNet(1, width_mult=2)
    before = net.context_vector(0).detach().clone()
    train_jointly(net, stream, 6, Recipe(epochs=1), device="cpu")
    assert not torch.equal(before, net.context_vector(0))
    both = TaskStream(few, [Mixed(stream.tasks, 0)])
    accuracy = train_stream(net, both, Recipe(epochs=1), device="cpu", progress=False).accuracy
    assert accuracy.item() > 0.6
