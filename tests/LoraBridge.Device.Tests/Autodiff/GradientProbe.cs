using LoraBridge.Device.Tests;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Device;

namespace LoraBridge.Training.Tests.Autodiff;

/// <summary>
/// Compares an operation and the gradients that the device's rules give with those of the CPU, which have been compared with differences there.
/// </summary>
internal sealed partial class GradientProbe(Func<GraphBuilder, TensorPtr[], TensorPtr> operation)
{
    /// <summary>Largest difference, in the length of a result: exp and sin are approximate on some devices.</summary>
    private const double Allowed = 1e-2;

    /// <summary>Numbers from 0 on, as many as the tests' operations need.</summary>
    private const int Indices = 1 << 14;

    public void Check()
    {
        var devices = DeviceUnderTest.Devices;
        using var expected = new ProbeRun(operation, _arguments, threads: 1);
        var engine = new DeviceEngine(devices, DeviceWeights.None, threads: 1);
        using var leaves = new GraphBuilder(4);
        var indices = leaves.Leaf(GgmlType.I32, new Shape(Indices), "indices");
        using var memory = engine.AllocateOnDevice(leaves);
        indices.Set<int>(Enumerable.Range(0, Indices).ToArray());
        var rules = new DeviceRules(new DeviceProducts(indices, GgmlType.F32), engine.Supports);
        using var found = new ProbeRun(operation, _arguments, engine, rules);
        Assert.SkipWhen(found.Graph.Nodes.Any(node => EndsTheProcess(node, engine)), "ggml says that it can compute this, and ends the process.");
        expected.Compute();
        found.Compute();
        foreach (var node in found.Graph.Nodes.Where(node => !node.IsView))
            Assert.True(
                !engine.IsOnHost(node) || !engine.Supports(node), $"{found.Graph.KindOf(node)} {node.Shape} was computed on the CPU, which the device can do.");
        Compare("the result", expected.Result, found.Result);
        for (var i = 0; i < _arguments.Count; i++)
            if (_arguments[i].Varies)
                Compare($"the gradient of argument {i} {_arguments[i].Shape}", expected.Gradient(i), found.Gradient(i));
    }

    /// <summary>llama.cpp cannot run a model with such an operation on CUDA either: there are kernels for states of four widths only, and no check.</summary>
    private static bool EndsTheProcess(TensorPtr node, DeviceEngine engine) =>
        node.Op == GgmlOp.GatedDeltaNet && node.Source(2).Ne(0) is not (16 or 32 or 64 or 128) && engine.Names.Any(name => name.StartsWith("CUDA", StringComparison.Ordinal));

    private static void Compare(string what, float[] expected, float[] found)
    {
        var (difference, length) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow((double)expected[i] - found[i], 2);
            length += Math.Pow(expected[i], 2);
        }
        Assert.True(
            Math.Sqrt(difference) <= Allowed * Math.Sqrt(length) + 1e-6,
            $"On the device {what} is {Math.Sqrt(difference):G3} off, of {Math.Sqrt(length):G3}.");
    }
}
