using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Gradients of the gated delta rule (<see cref="Autodiff.Ops.Sequences.GatedDeltaNet"/>). The rows m of the state M do not know of each other:
/// m′ = m exp(g), δ = β (v - m′·k), m = m′ + δ k, y = m·q / √D, with v, δ and y the row's own numbers. The states of a row are computed
/// once more; then from the last token to the first, with dm what later tokens and dy leave:
/// dm += dy q / √D, dq += dy m / √D, dδ = dm·k, dv = β dδ, dβ += dδ (v - m′·k), dk += δ dm - β dδ m′, dm′ = dm - β dδ k,
/// dg += dm′ ∘ m′ (summed, if the gate is one number), and dm = dm′ ∘ exp(g) for the token before.
/// </summary>
/// <remarks>
/// Sources: q, k, v, g, β, state, dy, contiguous. The result holds the gradients of the first six. Threads share the heads of q and
/// k, with all the heads of v that use them. Tokens are taken in chunks, from the last to the first, of which the states at the start are kept and the
/// others are made when the chunk is reached; several rows go through a chunk while it is in the cache.
/// </remarks>
internal sealed class GatedDeltaNetGradient(int snapshots) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var rule = new DeltaRule(result, snapshots);
        foreach (int group in work.Items(rule.Groups))
            rule.Run(group);
    }

    private readonly ref struct DeltaRule
    {
        private readonly Span<float> _q, _k, _v, _g, _beta, _state, _dy, _dq, _dk, _dv, _dg, _dBeta, _dState;
        private readonly int _d, _h, _t, _sequences, _shared, _gWidth, _snapshots, _chunk, _chunks;
        private readonly float[] _decays, _starts, _states, _errors, _dm;
        private readonly float _scale;

        public DeltaRule(TensorPtr result, int snapshots)
        {
            _q = result.Source(0).Floats;
            _k = result.Source(1).Floats;
            _v = result.Source(2).Floats;
            _g = result.Source(3).Floats;
            _beta = result.Source(4).Floats;
            _state = result.Source(5).Floats;
            _dy = result.Source(6).Floats;
            var v = result.Source(2);
            (_d, _h, _t, _sequences) = ((int)v.Ne(0), (int)v.Ne(1), (int)v.Ne(2), (int)v.Ne(3));
            (Groups, _gWidth, _snapshots) = ((int)result.Source(0).Ne(1), (int)result.Source(3).Ne(0), snapshots);
            _shared = _sequences / (int)result.Source(0).Ne(3);
            _scale = 1 / MathF.Sqrt(_d);
            var rest = result.Floats;
            _dq = Sections.Take(ref rest, _q.Length);
            _dk = Sections.Take(ref rest, _k.Length);
            _dv = Sections.Take(ref rest, _v.Length);
            _dg = Sections.Take(ref rest, _g.Length);
            _dBeta = Sections.Take(ref rest, _beta.Length);
            _dState = Sections.Take(ref rest, _state.Length);
            (_chunk, _chunks) = StateChunks.Of(_t, _d);
            (_decays, _errors, _dm) = (new float[_chunk * _d], new float[_chunk], new float[StateChunks.Rows * _d]);
            (_starts, _states) = (new float[_chunks * StateChunks.Rows * _d], new float[(_chunk + 1) * _d]);
        }

        /// <summary>Heads of q and k.</summary>
        public int Groups { get; }

        public void Run(int group)
        {
            for (var row = 0; row < _t * _sequences / _shared; row++)
            {
                _dq.Slice((row * Groups + group) * _d, _d).Clear();
                _dk.Slice((row * Groups + group) * _d, _d).Clear();
            }
            for (var head = group; head < _h; head += Groups)
                for (var sequence = 0; sequence < _sequences; sequence++)
                {
                    for (var t = 0; t < _t; t++)
                    {
                        var at = Token(head, sequence, t);
                        _dg.Slice(at * _gWidth, _gWidth).Clear();
                        _dBeta[at] = 0;
                    }
                    for (var row = 0; row < _d; row += StateChunks.Rows)
                        Run(group, head, sequence, row, Math.Min(StateChunks.Rows, _d - row));
                }
        }

        /// <summary>Some rows of the state of a head.</summary>
        private void Run(int group, int head, int sequence, int first, int rows)
        {
            for (var i = 0; i < rows; i++)
                StateOf(_state, head, sequence, first + i).CopyTo(Start(0, i));
            for (var chunk = 0; chunk < _chunks - 1; chunk++)
            {
                var count = ReadGates(head, sequence, chunk);
                for (var i = 0; i < rows; i++)
                {
                    Forward(group, head, sequence, first + i, chunk, Start(chunk, i));
                    _states.AsSpan(count * _d, _d).CopyTo(Start(chunk + 1, i));
                }
            }

            _dm.AsSpan().Clear();
            for (var chunk = _chunks - 1; chunk >= 0; chunk--)
            {
                ReadGates(head, sequence, chunk);
                for (var i = 0; i < rows; i++)
                {
                    Forward(group, head, sequence, first + i, chunk, Start(chunk, i));
                    Backward(group, head, sequence, first + i, chunk, _dm.AsSpan(i * _d, _d));
                }
            }
            for (var i = 0; i < rows; i++)
                _dm.AsSpan(i * _d, _d).CopyTo(StateOf(_dState, head, sequence, first + i));
        }

        private Span<float> Start(int chunk, int row) => _starts.AsSpan((chunk * StateChunks.Rows + row) * _d, _d);

        private int CountOf(int chunk) => Math.Min(_chunk, _t - chunk * _chunk);

        private int ReadGates(int head, int sequence, int chunk)
        {
            var count = CountOf(chunk);
            for (var i = 0; i < count; i++)
            {
                var gate = _g.Slice(Token(head, sequence, chunk * _chunk + i) * _gWidth, _gWidth);
                var decay = _decays.AsSpan(i * _d, _d);
                if (_gWidth == 1)
                    decay.Fill(MathF.Exp(gate[0]));
                else
                    TensorPrimitives.Exp(gate, decay);
            }
            return count;
        }

        private void Forward(int group, int head, int sequence, int row, int chunk, ReadOnlySpan<float> start)
        {
            start.CopyTo(_states);
            for (var i = 0; i < CountOf(chunk); i++)
            {
                var t = chunk * _chunk + i;
                var k = Shared(_k, group, sequence, t);
                var m = _states.AsSpan((i + 1) * _d, _d);
                TensorPrimitives.Multiply(_states.AsSpan(i * _d, _d), _decays.AsSpan(i * _d, _d), m);
                var at = Token(head, sequence, t);
                _errors[i] = _v[at * _d + row] - TensorPrimitives.Dot<float>(m, k);
                TensorPrimitives.MultiplyAdd(k, _beta[at] * _errors[i], m, m);
            }
        }

        private void Backward(int group, int head, int sequence, int row, int chunk, Span<float> dm)
        {
            for (var i = CountOf(chunk) - 1; i >= 0; i--)
            {
                var t = chunk * _chunk + i;
                var slot = _t - 1 - t;
                if (slot < _snapshots)
                    TensorPrimitives.Add(dm, StateOf(_dy[_v.Length..], head, slot * _sequences + sequence, row), dm);

                var at = Token(head, sequence, t);
                var q = Shared(_q, group, sequence, t);
                var k = Shared(_k, group, sequence, t);
                var dq = Shared(_dq, group, sequence, t);
                var dk = Shared(_dk, group, sequence, t);
                var m = _states.AsSpan((i + 1) * _d, _d);
                var dy = _dy[at * _d + row] * _scale;
                TensorPrimitives.MultiplyAdd(m, dy, dq, dq);
                TensorPrimitives.MultiplyAdd(q, dy, dm, dm);

                var dDelta = TensorPrimitives.Dot<float>(dm, k);
                TensorPrimitives.MultiplyAdd(dm, _beta[at] * _errors[i], dk, dk);
                _dBeta[at] += dDelta * _errors[i];
                var dv = _beta[at] * dDelta;
                _dv[at * _d + row] = dv;
                // m is no longer needed: it becomes m', the decayed state of the token before.
                var decay = _decays.AsSpan(i * _d, _d);
                TensorPrimitives.Multiply(_states.AsSpan(i * _d, _d), decay, m);
                TensorPrimitives.MultiplyAdd(m, -dv, dk, dk);
                TensorPrimitives.MultiplyAdd(k, -dv, dm, dm);

                var dg = _dg.Slice(at * _gWidth, _gWidth);
                if (_gWidth == 1)
                    dg[0] += TensorPrimitives.Dot<float>(dm, m);
                else
                    TensorPrimitives.MultiplyAdd(dm, m, dg, dg);
                TensorPrimitives.Multiply(dm, decay, dm);
            }
        }

        /// <summary>Which of the [H, T, S] a token of a head is.</summary>
        private int Token(int head, int sequence, int t) => (sequence * _t + t) * _h + head;

        private Span<float> Shared(Span<float> values, int group, int sequence, int t) =>
            values.Slice(((sequence / _shared * _t + t) * Groups + group) * _d, _d);

        private Span<float> StateOf(Span<float> states, int head, int sequence, int row) =>
            states.Slice(((sequence * _h + head) * _d + row) * _d, _d);
    }
}

/// <summary>How a recurrence is cut for its gradient: chunks of tokens, of which the states of several rows are made again from those at the start.</summary>
internal static class StateChunks
{
    /// <summary>Rows that go through a chunk one after the other, while what they share is in the cache.</summary>
    public const int Rows = 16;

    /// <summary>Numbers of a row's states in a chunk: 32 KiB.</summary>
    private const int Numbers = 1 << 13;

    /// <summary>Tokens of a chunk, and how many chunks there are.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="width">Numbers of a row's state.</param>
    public static (int Length, int Count) Of(int tokens, int width)
    {
        var length = Math.Clamp(Numbers / width, 1, tokens);
        return (length, (tokens + length - 1) / length);
    }
}
