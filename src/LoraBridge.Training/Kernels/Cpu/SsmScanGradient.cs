using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Gradients of the selective scan sₜ = aₜ ∘ sₜ₋₁ + δₜ xₜ Bₜ, yₜ = sₜ · Cₜ, with aₜ = exp(δₜ A) and δ = softplus(dt). The states are
/// computed once more; then, with dsₜ = dyₜ Cₜ + aₜ₊₁ ∘ dsₜ₊₁, from the last token to the first:
/// dC += dy s, dB += δ x ds, dx = δ (ds · B), dA += δ ds ∘ sₜ₋₁ ∘ a, dδ = x (ds · B) + (ds ∘ sₜ₋₁ ∘ a) · A, d dt = σ(dt) dδ.
/// </summary>
/// <remarks>
/// Tokens are taken in chunks, as in <see cref="GatedDeltaNetGradient"/>. Sources: s, x, dt, A, B, C, ids, dy (<see cref="Autodiff.Ops.Sequences.SsmScan"/>), contiguous. The result holds the gradients of the first
/// six, those of B and C once for each of <paramref name="parts"/> parts of a group's heads.
/// </remarks>
internal sealed class SsmScanGradient(int snapshots, int parts) : ITensorKernel
{
    /// <summary>Units of work to have at least; independent of the number of threads, so that sums do not depend on it.</summary>
    private const int Units = 16;

    /// <summary>Into how many parts to cut the heads of a group.</summary>
    public static int PartsOf(long heads, long groups) => (int)Math.Clamp(Units / groups, 1, heads / groups);

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var scan = new Scan(result, snapshots, parts);
        foreach (int unit in work.Items(scan.Groups * parts))
            scan.Run(unit / parts, unit % parts);
    }

    private readonly ref struct Scan
    {
        private readonly Span<float> _s, _x, _dt, _a, _b, _c, _dy, _ds, _dx, _ddt, _da, _db, _dc;
        private readonly Span<int> _ids;
        private readonly int _n, _d, _h, _t, _sequences, _aWidth, _snapshots, _parts, _chunk, _chunks;
        private readonly float[] _starts, _states, _decays, _delta, _dDelta, _dStates, _term, _slope;

        public Scan(TensorPtr result, int snapshots, int parts)
        {
            _s = result.Source(0).Floats;
            _x = result.Source(1).Floats;
            _dt = result.Source(2).Floats;
            _a = result.Source(3).Floats;
            _b = result.Source(4).Floats;
            _c = result.Source(5).Floats;
            _dy = result.Source(7).Floats;
            _ids = result.Source(6).HostSpan<int>(0, (int)result.Source(6).ElementCount);
            var x = result.Source(1);
            (_n, _d, _h, _t, _sequences) = ((int)result.Source(0).Ne(0), (int)x.Ne(0), (int)x.Ne(1), (int)x.Ne(2), (int)x.Ne(3));
            (_aWidth, Groups, _snapshots, _parts) = ((int)result.Source(3).Ne(0), (int)result.Source(4).Ne(1), snapshots, parts);
            var rest = result.Floats;
            _ds = Sections.Take(ref rest, _s.Length);
            _dx = Sections.Take(ref rest, _x.Length);
            _ddt = Sections.Take(ref rest, _dt.Length);
            _da = Sections.Take(ref rest, _a.Length);
            _db = Sections.Take(ref rest, (long)_b.Length * parts);
            _dc = Sections.Take(ref rest, (long)_c.Length * parts);
            (_chunk, _chunks) = StateChunks.Of(_t, _n);
            (_starts, _states, _decays) = (new float[_chunks * StateChunks.Rows * _n], new float[(_chunk + 1) * _n], new float[_chunk * _n]);
            (_delta, _dDelta) = (new float[_t], new float[_t]);
            (_dStates, _term, _slope) = (new float[StateChunks.Rows * _n], new float[_n], new float[_n]);
        }

        public int Groups { get; }

        /// <summary>One part of the heads of one group, for all sequences.</summary>
        public void Run(int group, int part)
        {
            var perGroup = _h / Groups;
            var (start, end) = (group * perGroup + part * perGroup / _parts, group * perGroup + (part + 1) * perGroup / _parts);
            for (var row = 0; row < _t * _sequences; row++)
            {
                Shared(_db, part, group, row).Clear();
                Shared(_dc, part, group, row).Clear();
            }
            for (var head = start; head < end; head++)
            {
                for (var cell = 0; cell < _ds.Length / (_n * _d * _h); cell++)
                    _ds.Slice((cell * _h + head) * _d * _n, _d * _n).Clear();
                _slope.AsSpan().Clear();
                for (var sequence = 0; sequence < _sequences; sequence++)
                    Run(group, part, head, sequence);
                var da = _da.Slice(head * _aWidth, _aWidth);
                if (_aWidth == 1)
                    da[0] = TensorPrimitives.Sum<float>(_slope);
                else
                    _slope.CopyTo(da);
            }
        }

        private void Run(int group, int part, int head, int sequence)
        {
            for (var t = 0; t < _t; t++)
            {
                var dt = _dt[(sequence * _t + t) * _h + head];
                _delta[t] = dt > 20 ? dt : MathF.Log(1 + MathF.Exp(dt));
                _dDelta[t] = 0;
            }
            for (var channel = 0; channel < _d; channel += StateChunks.Rows)
                Run(group, part, head, sequence, channel, Math.Min(StateChunks.Rows, _d - channel));
            for (var t = 0; t < _t; t++)
            {
                var at = (sequence * _t + t) * _h + head;
                _ddt[at] = _dDelta[t] / (1 + MathF.Exp(-_dt[at]));
            }
        }

        /// <summary>Some channels of a head.</summary>
        private void Run(int group, int part, int head, int sequence, int first, int channels)
        {
            for (var i = 0; i < channels; i++)
                StateOf(_s, _ids[sequence], head, first + i).CopyTo(Start(0, i));
            for (var chunk = 0; chunk < _chunks - 1; chunk++)
            {
                var count = ReadDecays(head, chunk);
                for (var i = 0; i < channels; i++)
                {
                    Forward(group, head, first + i, sequence, chunk, Start(chunk, i));
                    _states.AsSpan(count * _n, _n).CopyTo(Start(chunk + 1, i));
                }
            }

            _dStates.AsSpan().Clear();
            for (var chunk = _chunks - 1; chunk >= 0; chunk--)
            {
                ReadDecays(head, chunk);
                for (var i = 0; i < channels; i++)
                {
                    Forward(group, head, first + i, sequence, chunk, Start(chunk, i));
                    Backward(group, part, head, first + i, sequence, chunk, _dStates.AsSpan(i * _n, _n));
                }
            }
            for (var i = 0; i < channels; i++)
            {
                var start = StateOf(_ds, _ids[sequence], head, first + i);
                TensorPrimitives.Add(start, _dStates.AsSpan(i * _n, _n), start);
            }
        }

        private Span<float> Start(int chunk, int channel) => _starts.AsSpan((chunk * StateChunks.Rows + channel) * _n, _n);

        private int CountOf(int chunk) => Math.Min(_chunk, _t - chunk * _chunk);

        private int ReadDecays(int head, int chunk)
        {
            var count = CountOf(chunk);
            for (var i = 0; i < count; i++)
            {
                var delta = _delta[chunk * _chunk + i];
                var decay = _decays.AsSpan(i * _n, _n);
                if (_aWidth == 1)
                {
                    decay.Fill(MathF.Exp(delta * _a[head]));
                    continue;
                }
                TensorPrimitives.Multiply(_a.Slice(head * _n, _n), delta, decay);
                TensorPrimitives.Exp(decay, decay);
            }
            return count;
        }

        private void Forward(int group, int head, int channel, int sequence, int chunk, ReadOnlySpan<float> start)
        {
            start.CopyTo(_states);
            for (var i = 0; i < CountOf(chunk); i++)
            {
                var t = chunk * _chunk + i;
                var row = sequence * _t + t;
                var state = _states.AsSpan((i + 1) * _n, _n);
                TensorPrimitives.Multiply(_states.AsSpan(i * _n, _n), _decays.AsSpan(i * _n, _n), state);
                TensorPrimitives.MultiplyAdd(Shared(_b, 0, group, row), _delta[t] * _x[At(head, channel, row)], state, state);
            }
        }

        private void Backward(int group, int part, int head, int channel, int sequence, int chunk, Span<float> ds)
        {
            for (var i = CountOf(chunk) - 1; i >= 0; i--)
            {
                var t = chunk * _chunk + i;
                var row = sequence * _t + t;
                var slot = _t - 1 - t;
                if (slot < _snapshots)
                    TensorPrimitives.Add(ds, StateOf(_dy[_x.Length..], slot * _sequences + sequence, head, channel), ds);

                var (x, dy) = (_x[At(head, channel, row)], _dy[At(head, channel, row)]);
                var dB = Shared(_db, part, group, row);
                var dC = Shared(_dc, part, group, row);
                TensorPrimitives.MultiplyAdd(Shared(_c, 0, group, row), dy, ds, ds);
                TensorPrimitives.MultiplyAdd(_states.AsSpan((i + 1) * _n, _n), dy, dC, dC);
                TensorPrimitives.MultiplyAdd(ds, x * _delta[t], dB, dB);
                var input = TensorPrimitives.Dot<float>(ds, Shared(_b, 0, group, row));
                _dx[At(head, channel, row)] = _delta[t] * input;

                TensorPrimitives.Multiply(ds, _decays.AsSpan(i * _n, _n), ds);
                TensorPrimitives.Multiply(ds, _states.AsSpan(i * _n, _n), _term);
                TensorPrimitives.MultiplyAdd(_term, _delta[t], _slope, _slope);
                var decay = _aWidth == 1
                    ? TensorPrimitives.Sum<float>(_term) * _a[head]
                    : TensorPrimitives.Dot<float>(_term, _a.Slice(head * _n, _n));
                _dDelta[t] += x * input + decay;
            }
        }

        private int At(int head, int channel, int row) => (row * _h + head) * _d + channel;

        private Span<float> StateOf(Span<float> states, int cell, int head, int channel) =>
            states.Slice(((cell * _h + head) * _d + channel) * _n, _n);

        private Span<float> Shared(Span<float> values, int part, int group, int row) =>
            values.Slice(part * _b.Length + (row * Groups + group) * _n, _n);
    }
}
