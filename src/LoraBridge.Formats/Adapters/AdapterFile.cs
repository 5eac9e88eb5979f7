
namespace LoraBridge.Formats;

/// <summary>A LoRA adapter as its file describes it, checked for all that needs no model.</summary>
internal sealed record AdapterFile
{
    private const string VectorSuffix = "_norm.weight";
    private const string AlphaKey = "adapter.lora.alpha";
    private const string InvocationKey = "adapter.alora.invocation_tokens";

    private const int ProblemsShown = 3;

    /// <summary>The full path: it stays right when the current directory changes.</summary>
    internal required string Path { get; init; }

    internal required FileStamp Stamp { get; init; }

    internal required string Architecture { get; init; }

    internal required GgufMetadata Metadata { get; init; }

    /// <summary>0: the file states none.</summary>
    internal required float Alpha { get; init; }

    /// <summary>In the order of the targets' names.</summary>
    internal required IReadOnlyList<LoraPair> Pairs { get; init; }

    /// <summary>Tensors that are not LoRA matrices and that llama.cpp skips: whole norm vectors.</summary>
    internal required IReadOnlyList<string> IgnoredTensors { get; init; }

    /// <summary>Tokens after which alone the adapter acts; empty: always.</summary>
    internal required IReadOnlyList<int> InvocationTokens { get; init; }

    internal int Rank => Pairs.Max(pair => pair.Rank);

    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a valid adapter.</exception>
    internal static AdapterFile Read(string path)
    {
        var problems = Read(path, out var adapter);
        return adapter ?? throw new InvalidDataException($"{path}: {Summary(problems)}");
    }

    /// <summary>Reads an adapter, or returns what is wrong with it.</summary>
    internal static IReadOnlyList<string> Read(string path, out AdapterFile? adapter)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        path = System.IO.Path.GetFullPath(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no adapter file {path}.", path);
        var stamp = FileStamp.Of(path);
        using var file = GgufFile.Open(path);
        if (!file.Tensors.Any(IsHalf))
        {
            adapter = null;
            return ["the file has no LoRA matrices, expected at least one pair of tensors WEIGHT.lora_a and WEIGHT.lora_b: it is no adapter"];
        }
        var problems = new List<string>();
        var architecture = Text(file.Metadata, "general.architecture", expected: null, problems);
        Text(file.Metadata, "general.type", "adapter", problems);
        Text(file.Metadata, "adapter.type", "lora", problems);
        var alpha = Alpha32(file.Metadata, problems);
        var pairs = Pair(file, problems, out var ignored);
        var invocation = InvocationTokensOf(file.Metadata, problems);
        if (problems.Count == 0)
            problems.AddRange(pairs.SelectMany(pair => new[] { pair.A, pair.B }).Select(tensor => FiniteValues.DescribeFault(file, tensor)).OfType<string>());
        adapter = problems.Count > 0 ? null : new AdapterFile
        {
            Path = path,
            Stamp = stamp,
            Architecture = architecture,
            Metadata = file.Metadata,
            Alpha = alpha,
            Pairs = pairs,
            IgnoredTensors = ignored,
            InvocationTokens = invocation,
        };
        return problems;
    }

    private static string Summary(IReadOnlyList<string> problems)
    {
        var more = problems.Count - ProblemsShown;
        return string.Join("; ", problems.Take(ProblemsShown)) + (more > 0 ? $"; and {more} more" : "");
    }

    private static string Text(GgufMetadata metadata, string key, string? expected, List<string> problems)
    {
        var text = "";
        if (!metadata.TryGet(key, out var value))
            problems.Add($"metadata key '{key}' is missing");
        else if (!value.TryGetString(out text))
            problems.Add($"{key} has type {value.TypeName}, expected String");
        else if (expected is not null && text != expected)
            problems.Add($"{key} is '{text}', expected '{expected}'");
        return text;
    }

    private static float Alpha32(GgufMetadata metadata, List<string> problems)
    {
        if (!metadata.TryGet(AlphaKey, out var value))
            return 0;
        value.TryGetFloat64(out var alpha);
        if (value.Type != GgufValueType.Float32)
            problems.Add($"{AlphaKey} has type {value.TypeName}, expected Float32");
        else if (!double.IsFinite(alpha))
            problems.Add($"{AlphaKey} is {value}, expected a finite number");
        return (float)alpha;
    }

    private static IReadOnlyList<int> InvocationTokensOf(GgufMetadata metadata, List<string> problems)
    {
        if (!metadata.TryGet(InvocationKey, out var value))
            return [];
        if (!value.TryGetArray<uint>(out var tokens))
        {
            problems.Add($"{InvocationKey} has type {value.TypeName}, expected Array of UInt32");
            return [];
        }
        if (tokens.Length == 0 || tokens.ToArray().Any(token => token > int.MaxValue))
            problems.Add($"{InvocationKey} has {tokens.Length} tokens, expected at least one, none above {int.MaxValue}");
        return [.. tokens.ToArray().Select(token => (int)token)];
    }

    private static List<LoraPair> Pair(GgufFile file, List<string> problems, out List<string> ignored)
    {
        var halves = new SortedDictionary<string, (GgufTensorInfo? A, GgufTensorInfo? B)>(StringComparer.Ordinal);
        ignored = [];
        foreach (var tensor in file.Tensors)
        {
            if (TargetOf(tensor.Name, LoraPair.ASuffix) is { } targetOfA)
                halves[targetOfA] = halves.GetValueOrDefault(targetOfA) with { A = tensor };
            else if (TargetOf(tensor.Name, LoraPair.BSuffix) is { } targetOfB)
                halves[targetOfB] = halves.GetValueOrDefault(targetOfB) with { B = tensor };
            else if (tensor.Name.EndsWith(VectorSuffix, StringComparison.Ordinal))
                ignored.Add(tensor.Name);
            else
                problems.Add($"tensor '{tensor.Name}' is neither {LoraPair.ASuffix} nor {LoraPair.BSuffix} of a weight");
        }

        var pairs = new List<LoraPair>();
        foreach (var (target, (a, b)) in halves)
        {
            if (a is null || b is null)
            {
                problems.Add($"'{target}' has only {(a is null ? LoraPair.BSuffix : LoraPair.ASuffix)}, expected the pair");
                continue;
            }
            var pair = new LoraPair(target, a, b);
            if (pair.DescribeFault() is { } fault)
                problems.Add(fault);
            pairs.Add(pair);
        }
        return pairs;
    }

    private static bool IsHalf(GgufTensorInfo tensor) =>
        TargetOf(tensor.Name, LoraPair.ASuffix) is not null || TargetOf(tensor.Name, LoraPair.BSuffix) is not null;

    /// <summary>Native code takes the suffix out wherever it finds it: a target must not contain one.</summary>
    private static string? TargetOf(string name, string suffix)
    {
        if (!name.EndsWith(suffix, StringComparison.Ordinal) || name.Length == suffix.Length)
            return null;
        var target = name[..^suffix.Length];
        var isClean = !target.Contains(LoraPair.ASuffix, StringComparison.Ordinal) && !target.Contains(LoraPair.BSuffix, StringComparison.Ordinal);
        return isClean ? target : null;
    }
}
