import torch

from experiments.training.averaging import start_average, update_average, warmed_decay


def test_the_decay_warms_up_to_its_value():
    assert [warmed_decay(0.5, n) for n in range(3)] == [1 / 10, 2 / 11, 3 / 12]
    assert warmed_decay(0.5, 8) == 0.5
    assert warmed_decay(0.999, 100_000) == 0.999
    assert warmed_decay(0.0, 5) == 0.0


def test_the_average_of_a_model_against_a_loop_by_hand(tiny_flow):
    model = tiny_flow().double()
    generator = torch.Generator().manual_seed(0)
    average = start_average(model)
    by_hand = {name: parameter.detach().flatten().tolist() for name, parameter in model.named_parameters()}
    for step in range(20):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        decay = min(0.6, (1 + step) / (10 + step))
        update_average(average, model, warmed_decay(0.6, step))
        for name, parameter in model.named_parameters():
            pairs = zip(by_hand[name], parameter.detach().flatten().tolist(), strict=True)
            by_hand[name] = [decay * old + (1 - decay) * new for old, new in pairs]
    for name, values in by_hand.items():
        torch.testing.assert_close(average[name].flatten(), torch.tensor(values, dtype=torch.float64))


def test_the_average_starts_as_a_copy_and_leaves_the_weights_alone(tiny_flow):
    model = tiny_flow()
    average = start_average(model)
    with torch.no_grad():
        model.shift += 1
    assert float(average["shift"].sum()) == 0
    update_average(average, model, 0.0)
    assert torch.equal(average["shift"], model.shift)
    assert float(model.shift.detach().sum()) == 16
