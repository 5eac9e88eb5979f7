using System.Runtime.InteropServices;
using System.Text.Json;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Adapters.Conversion;

/// <summary>Writes a GGUF adapter as Hugging Face's PEFT saves them.</summary>
internal sealed class PeftWriter
{
    private readonly AdapterFile _adapter;
    private readonly GgufModelFiles _model;
    private readonly CheckpointLayout _layout;
    private readonly CheckpointNames _names;
    private readonly SafetensorsWriter _tensors = new();
    private readonly Dictionary<string, int> _ranks = [];

    /// <exception cref="NotSupportedException">It is not known how the model's checkpoints lie.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    internal PeftWriter(AdapterFile adapter, GgufModelFiles model)
    {
        (_adapter, _model) = (adapter, model);
        AdapterMatch.CheckTensors(adapter, model, separateOutput: true);
        _layout = CheckpointLayout.Of(model.Metadata);
        _names = new CheckpointNames(_layout);
        _tensors.Metadata["format"] = "pt";
    }

    /// <summary>Weights that a checkpoint of this kind does not have.</summary>
    internal List<string> Skipped { get; } = [];

    /// <summary>Writes the two files into a folder, which is created if need be; replaces those that exist.</summary>
    /// <exception cref="InvalidDataException">Nothing of the adapter can be converted.</exception>
    internal void Write(string folder)
    {
        Skipped.AddRange(_adapter.IgnoredTensors);
        using (var file = GgufFile.Open(_adapter.Path))
        {
            foreach (var pair in _adapter.Pairs)
                Add(pair, TensorReader.ReadFloats(file, pair.A.Name), TensorReader.ReadFloats(file, pair.B.Name));
        }
        if (_ranks.Count == 0)
            throw new InvalidDataException($"{_adapter.Path}: nothing of the adapter can be converted; {Skipped[0]} has no name in checkpoints of this model.");
        Directory.CreateDirectory(folder);
        _tensors.Save(Path.Combine(folder, PeftReader.TensorFile), overwrite: true);
        AtomicFile.Write(Path.Combine(folder, ForeignFolder.ConfigurationFile), overwrite: true, WriteConfiguration);
    }

    private void Add(LoraPair pair, float[] a, float[] b)
    {
        var weight = (_model.Find(pair.Target) ?? _model.Find(TensorNames.TokenEmbedding))!.Info;
        var modules = pair.Target == weight.Name ? _names.ModulesOf(weight) : ["lm_head"];
        if (modules.Count == 0)
        {
            Skipped.Add(pair.Target);
            return;
        }
        var (sizeOfA, sizeOfB) = (a.Length / modules.Count, b.Length / modules.Count);
        for (var i = 0; i < modules.Count; i++)
        {
            var (partOfA, partOfB) = (a[(i * sizeOfA)..((i + 1) * sizeOfA)], b[(i * sizeOfB)..((i + 1) * sizeOfB)]);
            if (pair.IsTokenEmbedding)
                partOfA = AdapterImport.Flip(partOfA, partOfA.Length / pair.Rank);
            if (_layout.InterleavesHeads && HeadRows.HeadsOf(_model.Metadata, TensorNames.ModuleOf(pair.Target)) is { } heads)
                partOfB = HeadRows.Separate(partOfB, pair.Rank, heads);
            var (nameOfA, nameOfB) = pair.IsTokenEmbedding ? ("lora_embedding_A", "lora_embedding_B") : ("lora_A.weight", "lora_B.weight");
            Save($"base_model.model.{modules[i]}.{nameOfA}", pair.Rank, partOfA);
            Save($"base_model.model.{modules[i]}.{nameOfB}", partOfB.Length / pair.Rank, partOfB);
            _ranks[modules[i]] = pair.Rank;
        }
    }

    private void Save(string name, int rows, float[] values) => _tensors.AddTensor(
        name, SafetensorsType.Float32, [rows, values.Length / rows], stream => stream.Write(MemoryMarshal.AsBytes<float>(values)));

    private void WriteConfiguration(Stream stream)
    {
        var rank = _ranks.Values.CountBy(value => value).MaxBy(entry => (entry.Value, entry.Key)).Key;
        var others = _ranks.Where(entry => entry.Value != rank).OrderBy(entry => entry.Key, StringComparer.Ordinal).ToList();
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        if (_model.Metadata.TryGetString("general.name", out var name))
            json.WriteString("base_model_name_or_path", name);
        if (_adapter.InvocationTokens.Count > 0)
        {
            json.WriteStartArray("alora_invocation_tokens");
            foreach (var token in _adapter.InvocationTokens)
                json.WriteNumberValue(token);
            json.WriteEndArray();
        }
        json.WriteString("bias", "none");
        json.WriteBoolean("fan_in_fan_out", false);
        json.WriteBoolean("inference_mode", true);
        // Without an alpha llama.cpp counts each product once.
        json.WriteNumber("lora_alpha", _adapter.Alpha != 0 ? _adapter.Alpha : rank);
        json.WriteNumber("lora_dropout", 0);
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", rank);
        Write("rank_pattern", others.Select(entry => (entry.Key, entry.Value)));
        Write("alpha_pattern", _adapter.Alpha != 0 ? [] : others.Select(entry => (entry.Key, entry.Value)));
        json.WriteStartArray("target_modules");
        foreach (var module in TargetModules())
            json.WriteStringValue(module);
        json.WriteEndArray();
        json.WriteString("task_type", "CAUSAL_LM");
        json.WriteBoolean("use_dora", false);
        json.WriteBoolean("use_rslora", false);
        json.WriteEndObject();

        void Write(string property, IEnumerable<(string Module, int Number)> entries)
        {
            json.WriteStartObject(property);
            foreach (var (module, number) in entries)
                json.WriteNumber(module.Replace(".", @"\.", StringComparison.Ordinal), number);
            json.WriteEndObject();
        }
    }

    /// <summary>Last parts of names where the adapter has all modules that end so, whole names otherwise.</summary>
    private IEnumerable<string> TargetModules()
    {
        var all = _model.Tensors.SelectMany(tensor => _names.ModulesOf(tensor.Info)).GroupBy(LastPart).ToDictionary(group => group.Key, group => group.Count());
        return _ranks.Keys.GroupBy(LastPart).OrderBy(group => group.Key, StringComparer.Ordinal)
            .SelectMany(group => group.Count() >= all.GetValueOrDefault(group.Key) ? Enumerable.Repeat(group.Key, 1) : group.Order(StringComparer.Ordinal));
    }

    private static string LastPart(string module) => module[(module.LastIndexOf('.') + 1)..];
}
