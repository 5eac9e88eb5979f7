using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Adapters.Arithmetic;

/// <summary>The open adapters of a combination, all of one architecture.</summary>
internal sealed class AdapterInputs : IDisposable
{
    private readonly List<AdapterSource> _sources = [];

    internal AdapterInputs(IReadOnlyList<(string Path, float Scale)> adapters)
    {
        if (adapters.Count == 0)
            throw new ArgumentException("There is nothing to combine, expected at least one adapter.", nameof(adapters));
        try
        {
            foreach (var (path, scale) in adapters)
                _sources.Add(new AdapterSource(AdapterFile.Read(path), LoraAdapter.CheckScale(scale, nameof(adapters))));
            _sources.ForEach(source => AdapterMatch.RequireAlwaysActive(source.Adapter));
            var architectures = _sources.Select(source => source.Adapter.Architecture).Distinct(StringComparer.Ordinal).ToList();
            if (architectures.Count > 1)
                throw new ArgumentException($"The adapters are for {string.Join(" and ", architectures)}, expected one architecture.", nameof(adapters));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal string Architecture => _sources[0].Adapter.Architecture;

    /// <summary>The adapted weights of all adapters, sorted.</summary>
    internal IReadOnlyList<string> Targets =>
        [.. _sources.SelectMany(source => source.Adapter.Pairs, (_, pair) => pair.Target).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The matrices of a weight, one for each expert, of each adapter that has it, and what they count.</summary>
    /// <exception cref="ArgumentException">The adapters are for weights of different shapes.</exception>
    internal List<(LowRankMatrix[] Experts, double Scale)> Read(string target)
    {
        var terms = new List<(LowRankMatrix[] Experts, double Scale)>();
        foreach (var source in _sources)
        {
            if (source.Find(target) is not { } pair)
                continue;
            var matrices = AdapterMatrices.Read(source, pair);
            if (terms.Count > 0 && ShapeOf(terms[0].Experts) != ShapeOf(matrices))
            {
                throw new ArgumentException(
                    $"'{target}' has shape {ShapeOf(matrices)} in {source.Adapter.Path}, expected {ShapeOf(terms[0].Experts)} as in the adapters before.");
            }

            terms.Add((matrices, source.TrueScale(pair)));
        }

        return terms;
    }

    public void Dispose() => _sources.ForEach(source => source.Dispose());

    private static (int Inputs, int Outputs, int Experts) ShapeOf(LowRankMatrix[] matrices) =>
        (matrices[0].Right[0].Length, matrices[0].Left[0].Length, matrices.Length);
}
