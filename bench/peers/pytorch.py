"""PyTorch: channels_last; inference traced and optimised for inference, or torch.compile where that is faster."""
from .networks import torch_network
from .timing import best_of


def compiled(torch, net):
    """The network through torch.compile, or None where this version or machine cannot."""
    return torch.compile(net) if hasattr(torch, "compile") else None


def version():
    import torch

    return torch.__version__.split("+")[0]


def infer(name, batch, threads, repeats, folder):
    import numpy

    torch, net, _, _ = torch_network(name)
    torch.set_num_threads(threads)
    net.eval()
    net.load_state_dict(torch.jit.load(f"{folder}/model.pt").state_dict())
    net = net.to(memory_format=torch.channels_last)
    x = torch.from_numpy(numpy.load(f"{folder}/input.npy")).to(memory_format=torch.channels_last)
    with torch.no_grad():
        frozen = torch.jit.optimize_for_inference(torch.jit.trace(net, x))
        logits = frozen(x).numpy()
        best = best_of(lambda: frozen(x), repeats)
        other = compiled(torch, net)
        if other is not None:
            try:
                best = min(best, best_of(lambda: other(x), repeats))
            except Exception as error:  # no compiler on this machine, an operator it cannot take
                print(f"torch.compile: {str(error).splitlines()[0]}", flush=True)
    return best, logits


def train(name, batch, threads, repeats, folder):
    torch, net, shape, classes = torch_network(name)
    torch.set_num_threads(threads)
    net = net.to(memory_format=torch.channels_last).train()
    x = torch.randn(batch, *shape).to(memory_format=torch.channels_last)
    labels = torch.randint(0, classes, (batch,))
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6)

    def step_of(net):
        def step():
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x), labels).backward()
            optimizer.step()
        return step

    best = best_of(step_of(net), repeats)
    other = compiled(torch, net)
    if other is not None:
        try:
            best = min(best, best_of(step_of(other), repeats))
        except Exception as error:
            print(f"torch.compile: {str(error).splitlines()[0]}", flush=True)
    return best, None
