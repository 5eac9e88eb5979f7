using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Kernels;

/// <summary>The work of attention: that it is all of it, in an order in which sums can be made, and that threads are busy.</summary>
public sealed class AttentionPartsTests
{
    /// <summary>What a cell costs whose key and value are packed, forward and back, in queries that could meet it meanwhile; back, its gradients are added, too.</summary>
    private const double PackingForward = 5, PackingBack = 8;

    public AttentionPartsTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(500, 16, 16, 1, 16)]
    [InlineData(130, 14, 2, 1, 4)]
    [InlineData(50, 6, 3, 2, 24)]
    public void PartsAreAllQueriesOnceAndCountThoseBeforeThem(int tokens, int heads, int groups, int sequences, int workers)
    {
        using var shape = new AttentionShape(tokens, heads, groups, sequences);
        foreach (var parts in new[] { Attention.PartsOf(shape.Arguments, workers), AttentionGradient.PartsOf(shape.Arguments, workers) })
        {
            var queries = new int[sequences, heads, tokens];
            var (before, beforeInGroup) = (new int[sequences, heads], new int[groups * sequences]);
            for (var i = 0; i < parts.Count; i++)
            {
                var part = parts[i];
                Assert.Equal(part.Head.Sequence * groups + part.Head.Index / (heads / groups), part.Head.Group);
                Assert.Equal(before[part.Head.Sequence, part.Head.Index]++, part.Before);
                Assert.Equal(beforeInGroup[part.Head.Group]++, part.BeforeInGroup);
                Assert.Equal(0, part.First % AttentionBlock.Rows);
                for (var query = part.First; query < part.End; query++)
                    queries[part.Head.Sequence, part.Head.Index, query]++;
                if (part.End > part.First)
                    Assert.InRange(part.End - part.Last, 1, AttentionBlock.Rows);
            }
            Assert.All(queries.Cast<int>(), count => Assert.Equal(1, count));
            Assert.All(beforeInGroup, count => Assert.Equal(parts.InGroup, count));
        }
    }

    /// <summary>Rows of tokens that see those before them, for heads as models of usual sizes have them, and for few heads that share all keys.</summary>
    [Fact]
    public void ThreadsAreBusy()
    {
        AssertBusy(512, (14, 2), (16, 16), (32, 8), (64, 8));
        AssertBusy(2048, (4, 1), (16, 2), (32, 8));

        static void AssertBusy(int tokens, params (int Heads, int Groups)[] models) => SharedWork.AssertBusy(
            [
                .. models.Select(model => (Func<int, IEnumerable<double>>)(workers => Costs(tokens, model, arguments => Attention.PartsOf(arguments, workers), PackingForward))),
                .. models.Select(model => (Func<int, IEnumerable<double>>)(workers => Costs(tokens, model, arguments => AttentionGradient.PartsOf(arguments, workers), PackingBack))),
            ],
            $"{tokens} tokens");
    }

    /// <summary>What each part costs: its queries meet the cells before them, in whole tiles, and those are packed for it.</summary>
    private static List<double> Costs(int tokens, (int Heads, int Groups) model, Func<AttentionArguments, AttentionParts> partsOf, double packing)
    {
        using var shape = new AttentionShape(tokens, model.Heads, model.Groups, 1);
        var parts = partsOf(shape.Arguments);
        var costs = new List<double>();
        for (var i = 0; i < parts.Count; i++)
        {
            var (part, cost) = (parts[i], 0.0);
            for (var first = part.First; first < part.End; first += AttentionBlock.Rows)
            {
                var end = Math.Min(first + AttentionBlock.Rows, part.End);
                cost += (double)(end - first) * TilePacking.Padded(end);
            }
            costs.Add(cost + (part.End > part.First ? packing * part.End : 0));
        }
        return costs;
    }

    /// <summary>Arguments of attention, without memory: they have a shape.</summary>
    private sealed class AttentionShape : IDisposable
    {
        private readonly GraphBuilder _builder = new(32);

        public AttentionShape(int tokens, int heads, int groups, int sequences)
        {
            var q = _builder.Leaf(Formats.GgmlType.F32, new Shape(64, tokens, heads, sequences), "q");
            var k = _builder.Leaf(Formats.GgmlType.F32, new Shape(64, tokens, groups, sequences), "k");
            var v = _builder.Leaf(Formats.GgmlType.F32, new Shape(64, tokens, groups, sequences), "v");
            var options = new AttentionOptions(1);
            Arguments = new AttentionArguments(Attention.TryEmit(_builder, options, q, k, v, default, default), options);
        }

        public AttentionArguments Arguments { get; }

        public void Dispose() => _builder.Dispose();
    }
}
