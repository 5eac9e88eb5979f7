using System.Text.Json;
using System.Text.RegularExpressions;
using LoraBridge.Formats;
using static System.FormattableString;

namespace LoraBridge.Adapters.Conversion;

/// <summary>Reads adapters as Hugging Face's PEFT saves them: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
internal static partial class PeftReader
{
    internal const string TensorFile = "adapter_model.safetensors";

    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    /// <exception cref="NotSupportedException">It is more than LoRA, so that its matrices alone would do something else.</exception>
    internal static ForeignAdapter Read(string folder)
    {
        using var files = new ForeignFolder(folder, TensorFile);
        var configuration = files.Configuration;
        Require(files, configuration);
        var rank = files.Number(configuration, "r") ?? throw files.Fault("'r' is missing");
        var alpha = files.Number(configuration, "lora_alpha") ?? throw files.Fault("'lora_alpha' is missing");
        if (rank < 1 || alpha <= 0)
            throw files.Fault(Invariant($"'r' is {rank} and 'lora_alpha' {alpha}, expected both above 0"));
        var byRoot = configuration.TryGetProperty("use_rslora", out var flag) && flag.ValueKind == JsonValueKind.True;
        var alphas = Patterns(files, configuration);

        var halves = new SortedDictionary<string, (SafetensorsTensorInfo? A, SafetensorsTensorInfo? B)>(StringComparer.Ordinal);
        List<BaseCopy> copies = [];
        foreach (var tensor in files.Tensors.Tensors)
        {
            if (BaseLayerName().Match(tensor.Name) is { Success: true } copy)
            {
                if (tensor.Shape.Length == 2)
                    copies.Add(new BaseCopy(copy.Groups[1].Value, tensor.Shape[0], tensor.Shape[1]));
                continue;
            }
            if (MatrixName().Match(tensor.Name) is not { Success: true } match)
                throw files.NoMatrix(tensor.Name);
            var name = match.Groups[1].Value;
            var half = halves.GetValueOrDefault(name);
            halves[name] = match.Groups[2].Value + match.Groups[3].Value == "A" ? half with { A = tensor } : half with { B = tensor };
        }
        ForeignModule[] modules = [.. halves.Select(entry => Module(files, entry.Key, entry.Value.A, entry.Value.B, Scale))];
        return new ForeignAdapter(modules, alpha, InvocationTokens(files, configuration)) { BaseCopies = copies };

        float Scale(string module, int rankOfModule)
        {
            var own = alphas.Where(entry => entry.Pattern.IsMatch(module)).Select(entry => (float?)entry.Alpha).FirstOrDefault() ?? alpha;
            return byRoot ? own / MathF.Sqrt(rankOfModule) : own / rankOfModule;
        }
    }

    private static void Require(ForeignFolder files, JsonElement configuration)
    {
        var kind = configuration.TryGetProperty("peft_type", out var type) ? type.ToString() : "missing";
        if (kind != "LORA")
            throw new NotSupportedException($"{files.ConfigurationPath}: 'peft_type' is {kind}, expected LORA.");
        foreach (var name in (string[])
            ["use_dora", "use_qalora", "use_bdlora", "lora_bias", "modules_to_save", "bias", "layer_replication", "trainable_token_indices", "target_parameters", "arrow_config"])
            if (configuration.TryGetProperty(name, out var value) && !IsOff(value))
                throw new NotSupportedException($"{files.ConfigurationPath}: '{name}' is {value.GetRawText()}; that cannot be expressed by two matrices.");
        // These take what the matrices start with out of the base's weights, which a GGUF model still has.
        if (configuration.TryGetProperty("init_lora_weights", out var start) && ChangesBase().IsMatch(start.ToString()))
            throw new NotSupportedException($"{files.ConfigurationPath}: 'init_lora_weights' is {start.GetRawText()}; save the adapter converted to plain LoRA.");
    }

    private static bool IsOff(JsonElement value) =>
        value.ValueKind is JsonValueKind.False or JsonValueKind.Null
        || (value.ValueKind == JsonValueKind.String && value.ValueEquals("none"))
        || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)
        || (value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any());

    private static ForeignModule Module(
        ForeignFolder files, string name, SafetensorsTensorInfo? a, SafetensorsTensorInfo? b, Func<string, int, float> scale)
    {
        if (a is null || b is null)
            throw new InvalidDataException($"{files.Tensors.Path}: {name} has only {(a is null ? "B" : "A")}, expected both matrices.");
        if (a.Shape.Length != 2 || b.Shape.Length != 2 || a.Shape[0] != b.Shape[1] || a.Shape[0] == 0)
            throw new InvalidDataException(
                $"{files.Tensors.Path}: {name} has A [{string.Join(", ", a.Shape)}] and B [{string.Join(", ", b.Shape)}], expected [R, inputs] and [outputs, R].");
        var rank = (int)a.Shape[0];
        return new ForeignModule(name, rank, Experts: 1, scale(name, rank), files.Read(a), files.Read(b));
    }

    /// <summary>Alphas of their own for some modules. Ranks of their own show in the matrices.</summary>
    private static List<(Regex Pattern, float Alpha)> Patterns(ForeignFolder files, JsonElement configuration)
    {
        List<(Regex, float)> patterns = [];
        if (!configuration.TryGetProperty("alpha_pattern", out var object_) || object_.ValueKind != JsonValueKind.Object)
            return patterns;
        foreach (var entry in object_.EnumerateObject())
        {
            var alpha = files.Number(object_, entry.Name);
            if (alpha is not > 0)
                throw files.Fault($"'alpha_pattern' has {entry.Value.GetRawText()} for {entry.Name}, expected a number above 0");
            patterns.Add((Pattern(files, entry.Name), alpha.Value));
        }
        return patterns;
    }

    /// <summary>
    /// As PEFT matches them, <c>re.match(rf"(.*\.)?({pattern})$", name)</c>: the end of a name, from the beginning of one of its parts, and
    /// with a caret the whole name.
    /// </summary>
    private static Regex Pattern(ForeignFolder files, string pattern)
    {
        // Python's names of groups and its end of text have other signs here.
        var expression = $@"^(?:.*\.)?(?:{pattern.Replace("(?P<", "(?<", StringComparison.Ordinal).Replace(@"\Z", @"\z", StringComparison.Ordinal)})$";
        try
        {
            return new Regex(expression, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (NotSupportedException)
        {
            return new Regex(expression, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (ArgumentException fault)
        {
            throw files.Fault($"'alpha_pattern' has the pattern {pattern}, which cannot be used: {fault.Message}");
        }
    }

    private static IReadOnlyList<uint> InvocationTokens(ForeignFolder files, JsonElement configuration)
    {
        if (!configuration.TryGetProperty("alora_invocation_tokens", out var tokens) || tokens.ValueKind == JsonValueKind.Null)
            return [];
        if (tokens.ValueKind != JsonValueKind.Array || tokens.EnumerateArray().Any(token => token.ValueKind != JsonValueKind.Number || !token.TryGetUInt32(out _)))
            throw files.Fault("'alora_invocation_tokens' is not a list of tokens");
        return [.. tokens.EnumerateArray().Select(token => token.GetUInt32())];
    }

    [GeneratedRegex("^(?:pissa|olora|corda|loftq|lora_?ga|milora)", RegexOptions.IgnoreCase)]
    private static partial Regex ChangesBase();

    /// <summary>The base's own weight, which PEFT saves along with adapted embeddings and outputs.</summary>
    [GeneratedRegex(@"^(?:base_model\.model\.)?(.+)\.base_layer\.weight$")]
    private static partial Regex BaseLayerName();

    /// <summary>The matrices of a linear layer, or of an embedding; newer files leave the adapter's name out.</summary>
    [GeneratedRegex(@"^(?:base_model\.model\.)?(.+)\.lora_(?:([AB])(?:\.[^.]+)?\.weight|embedding_([AB])(?:\.[^.]+)?)$")]
    private static partial Regex MatrixName();
}
